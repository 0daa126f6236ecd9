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

void touch_ahead(std::size_t bytes) {
  constexpr std::size_t page = 4096;
  auto* const block = static_cast<volatile char*>(std::malloc(bytes));
  if (block == nullptr) return;
  for (std::size_t i = 0; i < bytes; i += page) block[i] = 0;
  std::free(const_cast<char*>(block));
}

}  // namespace hairline::tool
