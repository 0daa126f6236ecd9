#include "memory.hpp"

#include <cstdint>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace hairline::tool {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int mebibyte = 1 << 20, ahead = 64 * mebibyte;
  mallopt(M_MMAP_THRESHOLD, 32 * mebibyte);
  mallopt(M_TRIM_THRESHOLD, 2 * ahead);
  mallopt(M_TOP_PAD, ahead);
  mallopt(M_ARENA_MAX, 1);                       // the threads' pictures too; solvers do not allocate in their loops
  void* volatile block = std::malloc(mebibyte);  // makes the heap grow by what was asked for
  std::free(block);
#ifdef MADV_HUGEPAGE
  const auto end = reinterpret_cast<std::uintptr_t>(sbrk(0));
  constexpr std::uintptr_t page = 2 * mebibyte;
  const std::uintptr_t begin = (end - ahead + page - 1) / page * page;
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
#endif
}

}  // namespace hairline::tool
