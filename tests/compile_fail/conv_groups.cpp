// expect: Conv2d: groups must divide both channel counts
#include "hairline/layers/conv2d.hpp"

#ifdef HAIRLINE_SHOULD_FAIL
using Layer = hairline::Conv2d<6, 8, hairline::Groups{4}>;
#else
using Layer = hairline::Conv2d<8, 8, hairline::Groups{4}>;
#endif
static_assert(Layer::groups == 4);
