#include "default_weights.hpp"

// HAIRLINE_DEFAULT_WEIGHTS is the file's path; the assembler copies it into the program.
#ifdef HAIRLINE_DEFAULT_WEIGHTS
asm(R"(
  .pushsection .rodata
  .balign 64
  .globl hairline_default_weights_begin
hairline_default_weights_begin:
  .incbin ")" HAIRLINE_DEFAULT_WEIGHTS R"("
  .globl hairline_default_weights_end
hairline_default_weights_end:
  .popsection
)");
extern "C" const std::uint8_t hairline_default_weights_begin[], hairline_default_weights_end[];
#endif

namespace hairline::tool {

std::span<const std::uint8_t> default_weights() {
#ifdef HAIRLINE_DEFAULT_WEIGHTS
  return {hairline_default_weights_begin, hairline_default_weights_end};
#else
  return {};
#endif
}

}  // namespace hairline::tool
