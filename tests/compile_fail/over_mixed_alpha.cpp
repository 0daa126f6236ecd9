// expect: hairline::over wants two pictures with associated alpha
#include "hairline/composite/composite.hpp"

using namespace hairline;

#ifdef HAIRLINE_SHOULD_FAIL
constexpr AlphaMode bottom = AlphaMode::straight;
#else
constexpr AlphaMode bottom = AlphaMode::associated;
#endif

bool stack(const Image<float, AlphaMode::associated>& top, const Image<float, bottom>& below) {
  return over(top, below).has_value();
}
