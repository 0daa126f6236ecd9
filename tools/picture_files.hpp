#pragma once
#include <string>

#include "hairline/core/any_image.hpp"
#include "hairline/core/image.hpp"

namespace hairline::tool {

/// Reads RGB, one channel or RGBA; "-" is standard input. Throws JobError, also for values that are no numbers.
/// Colour and grey keep the file's own pixels, 8-bit files 8 bits.
AnyImage read_colour(const std::string& path);
AnyImage read_grey(const std::string& path);
Image<float, AlphaMode::straight> read_colour_and_alpha(const std::string& path);
/// The alpha channel if the file has one that is not opaque everywhere, else as read_grey.
AnyImage read_mask(const std::string& path);
/// Likewise, with the file's bits per sample.
struct Mask {
  AnyImage plane;
  int bits = 8;
};
Mask read_mask_and_bits(const std::string& path);

/// What an output is written as; the place's extension decides.
enum class OutputFormat { png, exr };
/// "-" and ".png" are PNG, ".exr" EXR, devices PNG; nothing for another extension.
bool known_output(const std::string& place);
OutputFormat output_format(const std::string& place);

/// The pixels that a place's format stores: those of a PNG's depth, floats for EXR.
PixelType written_as(const std::string& place, int depth);

/// Writes one or three channels to `temporary`, in the format that `place` asks for. Throws JobError about `place`.
void write_picture(const std::string& temporary, const std::string& place, AnyView picture, int depth, int threads = 0);
/// Writes RGBA: straight in PNG, associated in EXR.
void write_picture(const std::string& temporary, const std::string& place,
                   const Image<float, AlphaMode::straight>& picture, int depth, int threads = 0);

/// Throws JobError about `file` unless it has the size of the picture.
void want_size(const std::string& file, const Shape& given, const Shape& wanted, const std::string& whose);

}  // namespace hairline::tool
