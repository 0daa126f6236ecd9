// expect: NoSuchKeptValue<hairline::Name{"decoder.x3", 10}>
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/nets/net.hpp"

using namespace hairline;

#ifdef HAIRLINE_SHOULD_FAIL
using Tap = Keep<"x2">;
#else
using Tap = Keep<"x3">;
#endif
using Example = Net<"example", Inputs<Input<"src", 3>>, Take<"src">, Conv2d<3, 4>, Tap,
                    Named<"decoder", Concat<Here, Kept<"x3">>>>;
static_assert(graph<Example>().nodes.size() == 3);
