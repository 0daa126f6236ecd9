#pragma once
#include <thread>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace hairline::detail {

/// A thread that was just made: to another processor than its maker's, if it may have one. Linux (6.18 on two virtual
/// processors) often leaves it in its maker's queue instead, where it waits 3 to 4 ms for the next balancing, longer
/// than many a picture takes. Where it may run remains as it was.
inline void start_elsewhere([[maybe_unused]] std::thread& thread) {
#ifdef __linux__
  cpu_set_t allowed;
  const int here = sched_getcpu();
  if (here < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<unsigned>(here), &others);
  if (CPU_COUNT(&others) == 0) return;
  if (pthread_setaffinity_np(thread.native_handle(), sizeof others, &others) == 0)
    pthread_setaffinity_np(thread.native_handle(), sizeof allowed, &allowed);
#endif
}

}  // namespace hairline::detail
