// expect: deleted
#include "hairline/composite/composite.hpp"

using namespace hairline;

#ifdef HAIRLINE_SHOULD_FAIL
using Foreground = Image<float, AlphaMode::associated>;  // would be multiplied by alpha a second time
#else
using Foreground = Image<float>;
#endif

bool blend(const Foreground& foreground, const Plane& alpha, const Image<float>& background) {
  return composite(foreground, alpha, background).has_value();
}
