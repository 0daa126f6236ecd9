#pragma once
#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "hairline/core/start_elsewhere.hpp"

namespace hairline {

/// A fixed set of threads for the length of one computation. Work is cut into chunks that depend on the range and the
/// grain alone, never on the number of threads, so results are the same for every thread count.
class ThreadPool {
 public:
  /// @param threads 0 means one per hardware thread, 1 means everything runs in the caller
  explicit ThreadPool(int threads = 0) {
    int wanted = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
    for (int i = 1; i < wanted; ++i) detail::start_elsewhere(workers_.emplace_back([this] { work(); }));
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (auto& w : workers_) w.join();
  }

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls f(chunk_begin, chunk_end) over [begin, end) in chunks of `grain`; returns when all are done.
  /// An exception thrown by f is thrown here, after the other chunks have ended. Not reentrant.
  template <class F>
  void parallel_for(std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t grain, F&& f) {
    if (end <= begin) return;
    grain = std::max<std::ptrdiff_t>(grain, 1);
    if (workers_.empty() || end - begin <= grain) {
      for (std::ptrdiff_t b = begin; b < end; b += grain) f(b, std::min(b + grain, end));
      return;
    }
    {
      std::lock_guard lock(mutex_);
      body_ = [&f](std::ptrdiff_t b, std::ptrdiff_t e) { f(b, e); };
      next_ = begin;
      end_ = end;
      grain_ = grain;
      failure_ = nullptr;
      ++generation_;
    }
    wake_.notify_all();
    std::unique_lock lock(mutex_);
    drain(lock);
    done_.wait(lock, [this] { return busy_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // Takes chunks until none are left. Called and left with the lock held.
  void drain(std::unique_lock<std::mutex>& lock) {
    ++busy_;
    while (next_ < end_) {
      const std::ptrdiff_t b = next_;
      const std::ptrdiff_t e = std::min(b + grain_, end_);
      next_ = e;
      lock.unlock();
      std::exception_ptr failure;
      try {
        body_(b, e);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure) {
        failure_ = failure;
        next_ = end_;
      }
    }
    if (--busy_ == 0) done_.notify_all();
  }
  void work() {
    std::unique_lock lock(mutex_);
    std::size_t seen = 0;
    for (;;) {
      wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
      if (stop_) return;
      seen = generation_;
      drain(lock);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::function<void(std::ptrdiff_t, std::ptrdiff_t)> body_;
  std::ptrdiff_t next_ = 0, end_ = 0, grain_ = 1;
  std::size_t generation_ = 0;
  int busy_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;
};

}  // namespace hairline
