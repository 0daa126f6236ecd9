// expect: {"second", 6}, 32, 64>
// What the layer wants and what it is given, with the path of the layer.
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/nets/net.hpp"

using namespace hairline;

#ifdef HAIRLINE_SHOULD_FAIL
using Second = Conv2d<32, 8>;
#else
using Second = Conv2d<64, 8>;
#endif
using Example =
    Net<"example", Inputs<Input<"src", 3>>, Take<"src">, Named<"first", Conv2d<3, 64>>, Named<"second", Second>>;
static_assert(graph<Example>().nodes.size() == 3);
