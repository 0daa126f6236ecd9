#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace hairline::tool {

namespace {

int terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

// A bar of `width` cells with eighths of a cell, as tqdm draws it.
std::string bar(double fraction, int width) {
  static const char* const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int filled = static_cast<int>(std::floor(fraction * width * 8 + 0.5));
  std::string out;
  for (int i = 0; i < filled / 8; ++i) out += "█";
  out += eighths[filled % 8];
  for (int i = (filled + 7) / 8; i < width; ++i) out += ' ';
  return out;
}

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string clock_string(double seconds) {
  const long s = std::lround(std::max(seconds, 0.0));
  char text[64];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%02ld:%02ld", s / 60, s % 60);
  }
  return text;
}

std::string duration_string(double seconds) {
  return seconds < 1 ? formatted("%.0f ms", seconds * 1e3) : formatted("%.2f s", seconds);
}

Progress::Progress(std::string label, std::size_t steps, std::string unit, bool quiet)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      steps_(steps),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) != 0) {
  if (!quiet_ && (terminal_ || steps_ > 1)) thread_ = std::thread([this] { redraw_until_stopped(); });
}

Progress::~Progress() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    erase();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Progress::step() {
  std::lock_guard lock(mutex_);
  ++done_;
}

void Progress::stage(const std::string& name) {
  std::lock_guard lock(mutex_);
  stage_ = name;
}

void Progress::print(std::FILE* to, const std::string& line) {
  std::lock_guard lock(mutex_);
  erase();
  std::fputs((line + "\n").c_str(), to);
  std::fflush(to);
}

void Progress::redraw_until_stopped() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_; });
  while (!stop_) {
    draw();
    wake_.wait_for(lock, std::chrono::milliseconds(terminal_ ? 100 : 1000), [this] { return stop_; });
  }
}

void Progress::draw() {
  const double seconds = elapsed();
  const std::string count = std::to_string(done_) + "/" + std::to_string(steps_);
  if (!terminal_) {
    std::fprintf(stderr, "%s: %s %ss, %s\n", label_.c_str(), count.c_str(), unit_.c_str(),
                 clock_string(seconds).c_str());
    return;
  }
  const double fraction = steps_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(steps_);
  const std::string left = done_ == 0 ? "?" : clock_string(seconds / static_cast<double>(done_) * (steps_ - done_));
  const std::string pace = done_ == 0 ? "?" : formatted("%.2f", seconds / static_cast<double>(done_));
  std::string tail = "| " + count + " [" + clock_string(seconds);
  if (steps_ > 1) tail += "<" + left + ", " + pace + " s/" + unit_;
  tail.append("] ").append(stage_);
  const std::string head = label_ + ": " + formatted("%3.0f", 100 * fraction) + "%|";
  const int room = terminal_width() - 1 - static_cast<int>(head.size() + tail.size());
  std::fprintf(stderr, "\r\033[K%s%s%s", head.c_str(), bar(fraction, std::max(room, 1)).c_str(), tail.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::erase() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

double Progress::elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

}  // namespace hairline::tool
