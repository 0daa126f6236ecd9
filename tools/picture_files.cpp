#include "picture_files.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <utility>

#include "hairline/core/alpha_mode.hpp"
#include "hairline/core/finite.hpp"
#include "hairline/io/exr.hpp"
#include "hairline/io/file.hpp"
#include "hairline/io/png.hpp"
#include "hairline/io/read.hpp"
#include "job_error.hpp"
#include "staged.hpp"

namespace hairline::tool {

namespace {

io::StoredPicture read_any(const std::string& path) {
  if (path != "-") return take(io::read_stored(path), path);
  const std::string name = "standard input";
  auto bytes = io::read_file("/dev/stdin");
  if (!bytes) throw JobError(name, "cannot be read, or is empty");
  return take(io::read_stored_memory(*bytes, name), name);
}

// Solvers refuse such values too, but only here is the file known.
io::StoredPicture read_numbers(const std::string& path) {
  io::StoredPicture picture = read_any(path);
  if (all_finite(picture.pixels)) return picture;
  const Image<float> p = to_float(std::move(picture.pixels));
  for (int y = 0; y < p.height(); ++y)
    for (int x = 0; x < p.width(); ++x)
      for (int c = 0; c < p.channels(); ++c)
        if (!std::isfinite(p(y, x, c)))
          throw JobError(path == "-" ? "standard input" : path,
                         "wanted numbers, given " + std::string(std::isnan(p(y, x, c)) ? "NaN" : "an infinite value") +
                             " at column " + std::to_string(x) + ", row " + std::to_string(y));
  return picture;
}

template <class T>
AnyImage last_channel(const Image<T>& pixels) {
  return convert<T>(pixels.view().channel(pixels.channels() - 1));
}

bool opaque(const AnyImage& alpha) {
  return alpha.visit([](const auto& pixels) {
    using T = typename std::decay_t<decltype(pixels)>::value_type;
    const T full = PixelTraits<T>::template from_unit<float>(1.0f);
    return std::all_of(pixels.begin(), pixels.end(), [full](T a) { return a >= full; });
  });
}

}  // namespace

AnyImage read_colour(const std::string& path) { return io::to_any_image(read_numbers(path)); }
AnyImage read_grey(const std::string& path) { return io::to_any_plane(read_numbers(path)); }
Image<float, AlphaMode::straight> read_colour_and_alpha(const std::string& path) {
  return io::to_rgba(io::in_floats(read_numbers(path)));
}

AnyImage read_mask(const std::string& path) { return read_mask_and_bits(path).plane; }

Mask read_mask_and_bits(const std::string& path) {
  io::StoredPicture picture = read_numbers(path);
  const int bits = picture.bit_depth;
  if (picture.alpha == AlphaMode::none) return {io::to_any_plane(std::move(picture)), bits};
  AnyImage alpha = picture.pixels.visit([](const auto& pixels) { return last_channel(pixels); });
  if (opaque(alpha)) return {io::to_any_plane(std::move(picture)), bits};
  return {std::move(alpha), bits};
}

namespace {
std::string extension(const std::string& place) {
  std::string e = std::filesystem::path(place).extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return e;
}
}  // namespace

bool known_output(const std::string& place) {
  const std::string e = extension(place);
  return place == "-" || place.rfind("/dev/", 0) == 0 || e == ".png" || e == ".exr";
}

OutputFormat output_format(const std::string& place) {
  return extension(place) == ".exr" ? OutputFormat::exr : OutputFormat::png;
}

PixelType written_as(const std::string& place, int depth) {
  if (output_format(place) == OutputFormat::exr) return PixelType::f32;
  return depth == 8 ? PixelType::u8 : PixelType::u16;
}

void write_picture(const std::string& temporary, const std::string& place, AnyView picture, int depth, int threads) {
  auto bytes = output_format(place) == OutputFormat::exr
                   ? io::encode_exr(picture, io::ExrOptions{}, place)
                   : io::encode_png(picture, io::PngOptions{.depth = depth, .threads = threads}, place);
  fill_temporary(temporary, place, take(std::move(bytes), place));
}

void write_picture(const std::string& temporary, const std::string& place,
                   const Image<float, AlphaMode::straight>& picture, int depth, int threads) {
  auto bytes = output_format(place) == OutputFormat::exr
                   ? io::encode_exr(associate(picture), io::ExrOptions{}, place)
                   : io::encode_png(picture, io::PngOptions{.depth = depth, .threads = threads}, place);
  fill_temporary(temporary, place, take(std::move(bytes), place));
}

void want_size(const std::string& file, const Shape& given, const Shape& wanted, const std::string& whose) {
  if (!given.same_pixels(wanted))
    throw JobError(file,
                   "wanted " + size_string(wanted) + " pixels, the size of " + whose + ", given " + size_string(given));
}

}  // namespace hairline::tool
