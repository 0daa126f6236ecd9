#pragma once
#include <string>

#include "colour.hpp"
#include "hairline/core/image.hpp"

namespace hairline::tool {

/// The subject's own colour by the multi-level method. Throws JobError about `file`.
Image<float> estimate_foreground(AnyView picture, AnyView alpha, const std::string& file, int threads);

/// Colour and alpha side by side.  @pre the same size
Image<float, AlphaMode::straight> cutout(const Image<float>& foreground, const Plane& alpha);

/// A picture of one colour.
Image<float> filled(const Shape& shape, const Colour& colour);

/// alpha * foreground + (1 - alpha) * background, in display values. Throws JobError about `file`.
Image<float> put_over(AnyView foreground, AnyView alpha, AnyView background, const std::string& file);

}  // namespace hairline::tool
