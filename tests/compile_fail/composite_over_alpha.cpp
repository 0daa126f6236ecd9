// expect: deleted
#include "hairline/composite/composite.hpp"

using namespace hairline;

#ifdef HAIRLINE_SHOULD_FAIL
using Background = Image<float, AlphaMode::straight>;  // what shows through it is undecided
#else
using Background = Image<float>;
#endif

bool blend(const Image<float, AlphaMode::associated>& picture, const Background& background) {
  return composite(picture, background).has_value();
}
