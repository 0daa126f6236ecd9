#pragma once
#include <ImathBox.h>
#include <ImfChannelList.h>
#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfInputFile.h>
#include <ImfOutputFile.h>
#include <half.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/io/detail/exr_header.hpp"
#include "hairline/io/detail/exr_stream.hpp"
#include "hairline/io/file.hpp"
#include "hairline/io/picture.hpp"

namespace hairline::io {

/// How an EXR is written (scanlines, ZIP compression).
struct ExrOptions {
  bool half = true;           ///< 16-bit floats; false: 32-bit
  std::string channel = "Y";  ///< the name of the channel when there is one: "Y" is grey, "A" a matte alone
};

namespace detail {
/// The channels that make up the picture, in its order; empty if these channels are no picture.
inline std::vector<const ExrChannel*> exr_picture_channels(const ExrHeader& h) {
  std::vector<const ExrChannel*> out;
  const ExrChannel* alpha = h.channel("A");
  if (h.channel("R") && h.channel("G") && h.channel("B")) {
    out = {h.channel("R"), h.channel("G"), h.channel("B")};
  } else if (h.channel("Y")) {
    out = {h.channel("Y")};
  } else if (h.channels.size() == 1) {
    return {&h.channels[0]};
  } else {
    return {};
  }
  if (alpha) out.push_back(alpha);
  return out;
}

/// Copies the part of the data window's row y that the display window shows.
inline void place_exr_row(const ExrHeader& h, std::int64_t y, const std::vector<float>& row, Image<float>& out) {
  const std::int64_t from = std::max(h.data.min_x, h.display.min_x), to = std::min(h.data.max_x, h.display.max_x);
  const std::int64_t channels = out.channels();
  if (from > to) return;
  std::copy_n(row.data() + (from - h.data.min_x) * channels, (to - from + 1) * channels,
              out.data() + ((y - h.display.min_y) * out.width() + (from - h.display.min_x)) * channels);
}

inline Result<Picture> read_exr_unguarded(std::span<const std::uint8_t> bytes, const std::string& name,
                                          const ReadLimits& limits) {
  auto parsed = ExrHeaderParser(bytes, name).parse();
  if (!parsed) return parsed.error();
  const ExrHeader& h = *parsed;
  if (auto error = check_exr_size(h, bytes.size(), name, limits)) return *error;
  const auto wanted = exr_picture_channels(h);
  if (wanted.empty())
    return cannot_read(name, ErrorCode::unsupported,
                       "its EXR channels are " + h.channel_names() + "; wanted are R, G, B or Y, with or without A");
  int bit_depth = 16;
  for (const auto* c : wanted) {
    if (c->type == 0) return odd_raster(name, "EXR", "the integer channel '" + c->name + "'");
    if (c->type == 2) bit_depth = 32;
  }
  const bool alpha = wanted.size() > 1 && wanted.back()->name == "A";

  ExrInput stream(name.c_str(), bytes, h.bytes);
  Imf::InputFile file(stream, 0);
  const auto channels = static_cast<std::int64_t>(wanted.size());
  std::vector<float> row(static_cast<std::size_t>(h.data.width() * channels));
  Imf::FrameBuffer buffer;
  for (std::int64_t c = 0; c < channels; ++c) {
    // The library addresses pixels from the origin, which need not be in the row: integers, for it may be no pointer.
    const auto stride = static_cast<std::intptr_t>(sizeof(float)) * channels;
    const auto origin = reinterpret_cast<std::intptr_t>(row.data() + c) - h.data.min_x * stride;
    buffer.insert(wanted[static_cast<std::size_t>(c)]->name.c_str(),
                  Imf::Slice(Imf::FLOAT, reinterpret_cast<char*>(origin), static_cast<std::size_t>(stride), 0));
  }
  file.setFrameBuffer(buffer);
  Picture picture{Image<float>(Shape{static_cast<int>(h.display.height()), static_cast<int>(h.display.width()),
                                     static_cast<int>(channels)}),
                  alpha ? AlphaMode::associated : AlphaMode::none, bit_depth};
  const std::int64_t last = std::min(h.data.max_y, h.display.max_y);
  for (std::int64_t y = std::max(h.data.min_y, h.display.min_y); y <= last; ++y) {
    file.readPixels(static_cast<int>(y));
    place_exr_row(h, y, row, picture.pixels);
  }
  return picture;
}

/// One line: other libraries' texts may hold several.
inline std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

inline std::optional<Error> to_half_row(const Image<float>& row, int y, std::vector<half>& out,
                                        const std::string& name) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const float v = row.data()[i];
    out[i] = half(v);
    if (out[i].isInfinity() && std::isfinite(v))
      return cannot_write(name, ErrorCode::invalid_argument,
                          "the value " + std::to_string(v) + " in row " + std::to_string(y) +
                              " is beyond half floats (65504); write 32-bit floats (ExrOptions::half = false)");
  }
  return std::nullopt;
}

inline Result<Bytes> encode_exr_unguarded(AnyView image, bool alpha, const ExrOptions& options,
                                          const std::string& name) {
  const auto refuse = [&](const std::string& why) { return cannot_write(name, ErrorCode::invalid_argument, why); };
  const int colours = image.channels() - (alpha ? 1 : 0);
  if (image.empty()) return refuse("the picture is empty (" + size_string(image.shape()) + ")");
  if (colours != 1 && colours != 3)
    return refuse("an EXR " + std::string(alpha ? "with alpha takes 2 or 4" : "takes 1 or 3") +
                  " channels, the picture has " + std::to_string(image.channels()) +
                  (alpha ? "" : " (for alpha, pass an Image whose type says AlphaMode::associated)"));
  if (options.channel.empty() || options.channel.size() > 31 || (alpha && colours == 1 && options.channel == "A"))
    return refuse("the channel name '" + options.channel + "' cannot be used");
  std::vector<std::string> names =
      colours == 3 ? std::vector<std::string>{"R", "G", "B"} : std::vector<std::string>{options.channel};
  if (alpha) names.emplace_back("A");

  Imf::Header header(image.width(), image.height());
  header.compression() = Imf::ZIP_COMPRESSION;
  const auto type = options.half ? Imf::HALF : Imf::FLOAT;
  for (const auto& n : names) header.channels().insert(n.c_str(), Imf::Channel(type));
  ExrOutput stream(name.c_str());
  {
    Imf::OutputFile file(stream, header, 0);
    Image<float> row(Shape{1, image.width(), image.channels()});
    std::vector<half> half_row(options.half ? row.size() : 0);
    Imf::FrameBuffer buffer;
    const std::size_t bytes = options.half ? sizeof(half) : sizeof(float);
    auto* base = options.half ? reinterpret_cast<char*>(half_row.data()) : reinterpret_cast<char*>(row.data());
    for (std::size_t c = 0; c < names.size(); ++c)
      buffer.insert(names[c].c_str(), Imf::Slice(type, base + c * bytes, bytes * names.size(), 0));
    file.setFrameBuffer(buffer);
    for (int y = 0; y < image.height(); ++y) {
      copy_pixels<float>(image.visit([&](auto v) -> AnyView { return v.crop(y, 0, 1, image.width()); }), row.view());
      if (options.half)
        if (auto error = to_half_row(row, y, half_row, name)) return *error;
      file.writePixels(1);
    }
  }
  if (stream.failed()) return no_memory_to_write(name);
  return std::move(stream.bytes());
}

inline Result<Bytes> encode_exr_guarded(AnyView image, bool alpha, const ExrOptions& options, const std::string& name) {
  try {
    return encode_exr_unguarded(image, alpha, options, name);
  } catch (const std::bad_alloc&) {
    return no_memory_to_write(name);
  } catch (const std::exception& e) {
    return cannot_write(name, ErrorCode::io, one_line(e.what()));
  }
}
}  // namespace detail

/// Reads an EXR from memory: one part, scanlines or tiles (of these the full size), half or float, R,G,B or Y with or
/// without A, or a single channel of any name. Alpha is associated. The picture is the display window: what lies
/// outside is left out, what the data window does not cover is 0. Infinities and NaN are data and stay.
inline Result<Picture> read_exr_memory(std::span<const std::uint8_t> bytes, const std::string& name = "EXR in memory",
                                       const ReadLimits& limits = {}) {
  try {
    return detail::read_exr_unguarded(bytes, name, limits);
  } catch (const std::bad_alloc&) {
    return detail::no_memory_to_read(name);
  } catch (const std::exception& e) {
    return detail::bad_raster(name, "EXR", detail::one_line(e.what()));
  }
}

/// An EXR in memory from 1 or 3 channels; half floats are rounded to nearest, and a finite value beyond them is an
/// error.
inline Result<Bytes> encode_exr(AnyView image, const ExrOptions& options = {},
                                const std::string& name = "EXR in memory") {
  return detail::encode_exr_guarded(image, false, options, name);
}
/// The same with associated alpha: 2 (grey, alpha) or 4 (RGB, alpha) channels.
template <class T>
Result<Bytes> encode_exr(const Image<T, AlphaMode::associated>& image, const ExrOptions& options = {},
                         const std::string& name = "EXR in memory") {
  return detail::encode_exr_guarded(image.view(), true, options, name);
}
template <class T>
Result<Bytes> encode_exr(const Image<T, AlphaMode::straight>&, const ExrOptions& = {}, const std::string& = "") {
  static_assert(detail::never<T>, "EXR holds associated alpha: call hairline::associate() first");
  return Error{};
}

/// Writes an EXR of 1 or 3 channels, all or nothing. The errors name the file.
inline Result<void> write_exr(const std::string& path, AnyView image, const ExrOptions& options = {}) {
  auto bytes = encode_exr(image, options, path);
  if (!bytes) return bytes.error();
  return write_file(path, *bytes);
}
/// The same with associated alpha: 2 (grey, alpha) or 4 (RGB, alpha) channels.
template <class T>
Result<void> write_exr(const std::string& path, const Image<T, AlphaMode::associated>& image,
                       const ExrOptions& options = {}) {
  auto bytes = encode_exr(image, options, path);
  if (!bytes) return bytes.error();
  return write_file(path, *bytes);
}
template <class T>
Result<void> write_exr(const std::string&, const Image<T, AlphaMode::straight>&, const ExrOptions& = {}) {
  static_assert(detail::never<T>, "EXR holds associated alpha: call hairline::associate() first");
  return Error{};
}

}  // namespace hairline::io
