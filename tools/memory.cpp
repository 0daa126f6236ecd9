#include "memory.hpp"

#include <cstdlib>  // tells whose library it is

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace hairline::tool {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int mebibyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * mebibyte);
  mallopt(M_TRIM_THRESHOLD, 128 * mebibyte);
  mallopt(M_ARENA_MAX, 1);  // the threads' pictures too; solvers do not allocate in their loops
#endif
}

}  // namespace hairline::tool
