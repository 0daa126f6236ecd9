#pragma once
#include <future>
#include <thread>
#include <utility>

#include "hairline/core/start_elsewhere.hpp"

namespace hairline::tool {

/// Work beside the caller's, on a thread of its own; with one thread to a job, in get() instead.
template <class T>
class Beside {
 public:
  template <class F>
  Beside(int threads_per_job, F work) : task_(std::move(work)), result_(task_.get_future()) {
    if (threads_per_job == 1) return;
    thread_ = std::thread([this] { task_(); });
    detail::start_elsewhere(thread_);
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() {
    if (thread_.joinable()) thread_.join();
  }

  /// What the work returned or threw. Once.
  T get() {
    if (!thread_.joinable()) task_();
    return result_.get();
  }

 private:
  std::packaged_task<T()> task_;
  std::future<T> result_;
  std::thread thread_;
};

}  // namespace hairline::tool
