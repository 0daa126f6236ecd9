#pragma once
#include <string>

#include "colour.hpp"
#include "hairline/core/any_image.hpp"
#include "hairline/core/image.hpp"

namespace hairline::tool {

/// The subject's own colour by the multi-level method, in pixels of that type. Throws JobError about `file`.
AnyImage estimate_foreground(AnyView picture, AnyView alpha, const std::string& file, int threads, PixelType as);

/// Colour and alpha side by side.  @pre the same size
Image<float, AlphaMode::straight> cutout(const Image<float>& foreground, const Plane& alpha);

/// A picture of one colour.
Image<float> filled(const Shape& shape, const Colour& colour);

/// alpha * foreground + (1 - alpha) * background, in display values. Throws JobError about `file`.
Image<float> put_over(AnyView foreground, AnyView alpha, AnyView background, const std::string& file);

}  // namespace hairline::tool
