#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

namespace hairline::tool {

/// Shows on standard error how far a run is, once it has taken more than a second: a bar on a terminal
/// (matte:  45%|####    | 9/20 [00:12<00:15, 1.3 s/picture]), at most one plain line a second elsewhere.
class Progress {
 public:
  /// @param steps how many times step() will be called   @param unit what one step is
  Progress(std::string label, std::size_t steps, std::string unit, bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// One more step is done.
  void step();
  /// What is being done now ("solve"), shown behind the bar.
  void stage(const std::string& name);
  /// Writes a line of text without tearing the bar.
  void print(std::FILE* to, const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  void redraw_until_stopped();
  void draw();
  void erase();
  double elapsed() const;

  std::string label_, unit_, stage_;
  std::size_t steps_, done_ = 0;
  bool quiet_, terminal_, drawn_ = false, stop_ = false;
  Clock::time_point start_ = Clock::now();
  double last_line_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

/// "00:12", "1:02:03"
std::string clock_string(double seconds);
/// "850 ms", "2.31 s"
std::string duration_string(double seconds);

}  // namespace hairline::tool
