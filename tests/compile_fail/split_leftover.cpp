// expect: ChannelMismatch<hairline::Name{"head", 4}, 4, 5>
// The heads of a split must use every channel.
#include "hairline/layers/compose.hpp"
#include "hairline/layers/conv2d.hpp"
#include "hairline/nets/net.hpp"

using namespace hairline;

#ifdef HAIRLINE_SHOULD_FAIL
constexpr int channels = 5;
#else
constexpr int channels = 4;
#endif
using Example = Net<"example", Inputs<Input<"src", 3>>, Take<"src">,
                    Named<"head", Chain<Conv2d<3, channels>, Split<Head<"pha", 1>, Head<"fgr", 3>>>>>;
static_assert(graph<Example>().nodes.size() == 4);
