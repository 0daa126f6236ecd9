#pragma once
#include "hairline/core/image.hpp"

namespace hairline::demo {

/// A hedge in flower, a little out of focus: (H, W, 3).
Image<float> hedge(int width, int height);
/// An evening at the sea.
Image<float> seaside(int width, int height);
/// The same view as a second photograph has it: moved, brightened by `gain`, with sensor noise.
Image<float> second_shot(const Image<float>& view, float move_x, float move_y, float gain, float noise_deviation);
/// Sensor noise of its own, cut off at 0 and 1.
void add_noise(Image<float>& picture, float deviation, unsigned seed);

}  // namespace hairline::demo
