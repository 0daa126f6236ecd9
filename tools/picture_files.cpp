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

namespace hairline::tool {

namespace {

io::Picture read_any(const std::string& path) {
  if (path != "-") return take(io::read(path), path);
  const std::string name = "standard input";
  auto bytes = io::read_file("/dev/stdin");
  if (!bytes) throw JobError(name, "cannot be read, or is empty");
  return take(io::read_memory(*bytes, name), name);
}

// Solvers refuse such values too, but only here is the file known.
io::Picture read_numbers(const std::string& path) {
  io::Picture picture = read_any(path);
  const auto& p = picture.pixels;
  if (all_finite(p)) return picture;
  for (int y = 0; y < p.height(); ++y)
    for (int x = 0; x < p.width(); ++x)
      for (int c = 0; c < p.channels(); ++c)
        if (!std::isfinite(p(y, x, c)))
          throw JobError(path == "-" ? "standard input" : path,
                         "wanted numbers, given " + std::string(std::isnan(p(y, x, c)) ? "NaN" : "an infinite value") +
                             " at column " + std::to_string(x) + ", row " + std::to_string(y));
  return picture;
}

}  // namespace

Image<float> read_colour(const std::string& path) { return io::to_image(read_numbers(path)); }
Plane read_grey(const std::string& path) { return io::to_plane(read_numbers(path)); }
Image<float, AlphaMode::straight> read_colour_and_alpha(const std::string& path) {
  return io::to_rgba(read_numbers(path));
}

Plane read_mask(const std::string& path) { return read_mask_and_bits(path).plane; }

Mask read_mask_and_bits(const std::string& path) {
  io::Picture picture = read_numbers(path);
  const int bits = picture.bit_depth;
  if (picture.alpha == AlphaMode::none) return {io::to_plane(std::move(picture)), bits};
  const auto& p = picture.pixels;
  Plane alpha(Shape{p.height(), p.width(), 1});
  for (int y = 0; y < p.height(); ++y)
    for (int x = 0; x < p.width(); ++x) alpha(y, x) = p(y, x, p.channels() - 1);
  if (std::all_of(alpha.begin(), alpha.end(), [](float a) { return a >= 1; }))
    return {io::to_plane(std::move(picture)), bits};
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

void write_picture(const std::string& temporary, const std::string& place, const Image<float>& picture, int depth,
                   int threads) {
  auto done = output_format(place) == OutputFormat::exr
                  ? io::write_exr(temporary, picture, io::ExrOptions{})
                  : io::write_png(temporary, picture, io::PngOptions{.depth = depth, .threads = threads});
  if (!done) throw JobError(place, JobError(temporary, done.error().message).text());
}

void write_picture(const std::string& temporary, const std::string& place,
                   const Image<float, AlphaMode::straight>& picture, int depth, int threads) {
  auto done = output_format(place) == OutputFormat::exr
                  ? io::write_exr(temporary, associate(picture), io::ExrOptions{})
                  : io::write_png(temporary, picture, io::PngOptions{.depth = depth, .threads = threads});
  if (!done) throw JobError(place, JobError(temporary, done.error().message).text());
}

void want_size(const std::string& file, const Shape& given, const Shape& wanted, const std::string& whose) {
  if (!given.same_pixels(wanted))
    throw JobError(file,
                   "wanted " + size_string(wanted) + " pixels, the size of " + whose + ", given " + size_string(given));
}

}  // namespace hairline::tool
