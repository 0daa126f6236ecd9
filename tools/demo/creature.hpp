#pragma once
#include "canvas.hpp"

namespace hairline::demo {

/// Paints a sitting cat-like creature with long fur, whiskers, a bushy tail and a sheer scarf, cut by the lower border.
/// Laid out for 1280x720 and scaled to the canvas.
void paint_creature(Canvas& canvas);

}  // namespace hairline::demo
