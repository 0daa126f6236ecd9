// Times every image kernel at every CPU level of this machine against a plain loop, and sets it in relation to the
// memory bandwidth measured in the same run. Writes JSON.
//
// usage: image_ops_bench [OUTPUT.json]
//
// All candidates of a row are timed in turns, so that a busy machine slows them alike; medians are reported. "percent
// of bandwidth" counts each input and output byte once: what passes through memory at least.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/kernels/image_ops.hpp"

using namespace hairline;

namespace {

constexpr int rounds = 9, warm_up = 1;

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

/// A triad a = b + c over 3 x 48 MiB with one thread per core. Timed before every other measurement: it says what
/// memory gives at that moment, and leaves none of the pictures in a cache.
class Triad {
 public:
  double gigabytes_per_second() {
    const std::size_t n = a_.size();
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    const double ms = milliseconds([&] {
      std::vector<std::thread> pool;
      for (unsigned t = 0; t < threads; ++t)
        pool.emplace_back([&, t] {
          for (std::size_t k = n * t / threads; k < n * (t + 1) / threads; ++k) a_[k] = b_[k] + c_[k];
        });
      for (auto& thread : pool) thread.join();
    });
    return 3.0 * static_cast<double>(n * sizeof(float)) / ms / 1e6;
  }

 private:
  static constexpr std::size_t floats = std::size_t{12} << 20;
  std::vector<float> a_ = std::vector<float>(floats), b_ = std::vector<float>(floats, 1.0f),
                     c_ = std::vector<float>(floats, 2.0f);
};

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// Over the last minute, at the end of the run.
double load_average() {
  double load = -1;
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

template <class T>
Image<T> picture(Shape shape, unsigned seed) {
  Image<T> image(shape);
  std::uint32_t state = seed * 2654435761u + 1;
  for (T& v : image) {
    state = state * 1664525u + 1013904223u;
    v = std::is_integral_v<T> ? static_cast<T>(state >> 16) : static_cast<T>(state >> 8) / T(16777216);
  }
  return image;
}

template <class T>
View<const T> read(const Image<T>& image) {
  return image.view();
}

/// One row of the report.
struct Case {
  std::string kernel, size;
  double bytes;  // read and written once
  std::function<void()> plain;
  std::function<Result<void>(const kernels::Backend&)> run;
};

nlohmann::json measure(const Case& c, Triad& triad) {
  std::vector<kernels::Backend> levels;
  for (kernels::CpuLevel level : kernels::all_cpu_levels)
    if (level <= kernels::machine_level()) levels.push_back(kernels::image_ops(level));
  std::vector<std::vector<double>> times(levels.size());
  std::vector<double> plain, rates;
  for (int round = 0; round < rounds + warm_up; ++round) {
    rates.push_back(triad.gigabytes_per_second());
    const double t = milliseconds(c.plain);
    if (round >= warm_up) plain.push_back(t);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      rates.push_back(triad.gigabytes_per_second());
      const double k = milliseconds([&] { c.run(levels[i]).value(); });
      if (round >= warm_up) times[i].push_back(k);
    }
  }
  const double gigabytes = *std::max_element(rates.begin(), rates.end());
  nlohmann::json row = {{"bandwidth_gb_per_s", gigabytes},
                        {"kernel", c.kernel},
                        {"size", c.size},
                        {"megabytes", c.bytes / 1e6},
                        {"plain_loop_ms", median(plain)},
                        {"levels", nlohmann::json::array()}};
  std::cout << c.kernel << " " << c.size << " (" << gigabytes << " GB/s): plain loop " << median(plain) << " ms";
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const double ms = median(times[i]);
    const double least = *std::min_element(times[i].begin(), times[i].end());
    const double percent = 100 * c.bytes / least / 1e6 / gigabytes;
    row["levels"].push_back({{"level", kernels::name(levels[i].target)},
                             {"median_ms", ms},
                             {"min_ms", least},
                             {"runs", rounds},
                             {"percent_of_bandwidth", percent},
                             {"times_the_plain_loop", median(plain) / ms}});
    std::cout << ", " << kernels::name(levels[i].target) << " " << ms << " ms (" << static_cast<int>(percent)
              << " % of bandwidth)";
  }
  std::cout << std::endl;
  return row;
}

// --- the plain loops, as one writes them first, on interleaved pictures ---

void plain_resize(const Image<float>& in, Image<float>& out) {
  const float sy = static_cast<float>(in.height()) / out.height(), sx = static_cast<float>(in.width()) / out.width();
  for (int y = 0; y < out.height(); ++y) {
    const float v = std::max((y + 0.5f) * sy - 0.5f, 0.0f);
    const int y0 = static_cast<int>(v), y1 = std::min(y0 + 1, in.height() - 1);
    for (int x = 0; x < out.width(); ++x) {
      const float u = std::max((x + 0.5f) * sx - 0.5f, 0.0f);
      const int x0 = static_cast<int>(u), x1 = std::min(x0 + 1, in.width() - 1);
      const float fy = v - y0, fx = u - x0;
      for (int c = 0; c < in.channels(); ++c) {
        const float top = in(y0, x0, c) + fx * (in(y0, x1, c) - in(y0, x0, c));
        const float bottom = in(y1, x0, c) + fx * (in(y1, x1, c) - in(y1, x0, c));
        out(y, x, c) = top + fy * (bottom - top);
      }
    }
  }
}

template <class T>
void plain_composite(const Image<T>& f, const Image<T>& a, const Image<T>& b, Image<T>& out) {
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x)
      for (int c = 0; c < out.channels(); ++c)
        if constexpr (std::is_integral_v<T>)
          out(y, x, c) = static_cast<T>((a(y, x) * f(y, x, c) + (255 - a(y, x)) * b(y, x, c) + 127) / 255);
        else
          out(y, x, c) = a(y, x) * f(y, x, c) + (1 - a(y, x)) * b(y, x, c);
}

/// Separable running sums in double.
void plain_box(const Image<float>& in, Image<float>& out, int r) {
  const int h = in.height(), w = in.width();
  std::vector<double> column(static_cast<std::size_t>(w), 0.0);
  for (int y = -r; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      if (y + r < h) column[static_cast<std::size_t>(x)] += in(y + r, x);
      if (y - r - 1 >= 0) column[static_cast<std::size_t>(x)] -= in(y - r - 1, x);
    }
    if (y < 0) continue;
    const int rows = std::min(y + r, h - 1) - std::max(y - r, 0) + 1;
    double sum = 0;
    for (int x = -r; x < w; ++x) {
      if (x + r < w) sum += column[static_cast<std::size_t>(x + r)];
      if (x - r - 1 >= 0) sum -= column[static_cast<std::size_t>(x - r - 1)];
      if (x >= 0) out(y, x) = static_cast<float>(sum / rows / (std::min(x + r, w - 1) - std::max(x - r, 0) + 1));
    }
  }
}

/// Box means of whole planes, one after the other, as every tutorial has it.
void plain_guided(const Image<float>& guide, const Image<float>& p, Image<float>& out, int r, float epsilon) {
  const Shape plane = p.shape();
  const auto mean_of = [&](auto&& value) {
    Image<float> in(plane), mean(plane);
    for (int y = 0; y < plane.height; ++y)
      for (int x = 0; x < plane.width; ++x) in(y, x) = value(y, x);
    plain_box(in, mean, r);
    return mean;
  };
  std::vector<Image<float>> m, pm, gg;
  const Image<float> mp = mean_of([&](int y, int x) { return p(y, x); });
  for (int i = 0; i < 3; ++i) {
    m.push_back(mean_of([&](int y, int x) { return guide(y, x, i); }));
    pm.push_back(mean_of([&](int y, int x) { return guide(y, x, i) * p(y, x); }));
    for (int j = i; j < 3; ++j) gg.push_back(mean_of([&](int y, int x) { return guide(y, x, i) * guide(y, x, j); }));
  }
  Image<float> a[4] = {Image<float>(plane), Image<float>(plane), Image<float>(plane), Image<float>(plane)};
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      const auto cov = [&](int k, int i, int j) { return gg[k](y, x) - m[i](y, x) * m[j](y, x); };
      const float s00 = cov(0, 0, 0) + epsilon, s01 = cov(1, 0, 1), s02 = cov(2, 0, 2), s11 = cov(3, 1, 1) + epsilon,
                  s12 = cov(4, 1, 2), s22 = cov(5, 2, 2) + epsilon;
      float v[3];
      for (int i = 0; i < 3; ++i) v[i] = pm[i](y, x) - m[i](y, x) * mp(y, x);
      const float c00 = s11 * s22 - s12 * s12, c01 = s02 * s12 - s01 * s22, c02 = s01 * s12 - s02 * s11;
      const float c11 = s00 * s22 - s02 * s02, c12 = s01 * s02 - s00 * s12, c22 = s00 * s11 - s01 * s01;
      const float d = 1 / (s00 * c00 + s01 * c01 + s02 * c02);
      a[0](y, x) = (c00 * v[0] + c01 * v[1] + c02 * v[2]) * d;
      a[1](y, x) = (c01 * v[0] + c11 * v[1] + c12 * v[2]) * d;
      a[2](y, x) = (c02 * v[0] + c12 * v[1] + c22 * v[2]) * d;
      a[3](y, x) = mp(y, x) - a[0](y, x) * m[0](y, x) - a[1](y, x) * m[1](y, x) - a[2](y, x) * m[2](y, x);
    }
  for (auto& channel : a) channel = mean_of([&](int y, int x) { return channel(y, x); });
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x)
      out(y, x) = a[0](y, x) * guide(y, x, 0) + a[1](y, x) * guide(y, x, 1) + a[2](y, x) * guide(y, x, 2) + a[3](y, x);
}

}  // namespace

int main(int argc, char** argv) {
  Triad triad;
  std::cout << cpu_model() << ", " << std::thread::hardware_concurrency() << " threads" << std::endl;
  const Shape hd{1080, 1920, 3}, plane{1080, 1920, 1}, quarter{270, 480, 3}, uhd{2160, 3840, 3}, odd{713, 1267, 3};
  const auto f = picture<float>(hd, 1), b = picture<float>(hd, 2), a = picture<float>(plane, 3);
  const auto f8 = picture<std::uint8_t>(hd, 4), b8 = picture<std::uint8_t>(hd, 5), a8 = picture<std::uint8_t>(plane, 6);
  const auto f16 = picture<std::uint16_t>(hd, 7);
  Image<float> out(hd), out1(plane), small(quarter), large(uhd), middle(odd);
  Image<std::uint8_t> out8(hd);
  Image<std::uint16_t> out16(hd);
  const View<float> planes(out.data(), hd, planar(hd));
  const double n = static_cast<double>(hd.size()), n1 = static_cast<double>(plane.size());

  const std::vector<Case> cases = {
      {"convert u8 to f32", "1920x1080x3", 5 * n, [&] { copy_pixels<float>(f8, out.view()); },
       [&](auto& on) { return kernels::convert(read(f8), out.view(), on); }},
      {"convert u8 to planar f32", "1920x1080x3", 5 * n, [&] { copy_pixels<float>(f8, planes); },
       [&](auto& on) { return kernels::convert(read(f8), planes, on); }},
      {"convert u8 BGR to f32 RGB", "1920x1080x3", 5 * n,
       [&] { copy_pixels<float>(read(f8).reversed_channels(), out.view()); },
       [&](auto& on) { return kernels::convert(read(f8).reversed_channels(), out.view(), on); }},
      {"convert u16 to f32", "1920x1080x3", 6 * n, [&] { copy_pixels<float>(f16, out.view()); },
       [&](auto& on) { return kernels::convert(read(f16), out.view(), on); }},
      {"convert f32 to u8", "1920x1080x3", 5 * n, [&] { copy_pixels<std::uint8_t>(f, out8.view()); },
       [&](auto& on) { return kernels::convert(read(f), out8.view(), on); }},
      {"convert f32 to u16", "1920x1080x3", 6 * n, [&] { copy_pixels<std::uint16_t>(f, out16.view()); },
       [&](auto& on) { return kernels::convert(read(f), out16.view(), on); }},
      {"composite f32", "1920x1080x3", 4 * (3 * n + n1), [&] { plain_composite(f, a, b, out); },
       [&](auto& on) { return kernels::composite(read(f), read(a), read(b), out.view(), on); }},
      {"composite u8", "1920x1080x3", 3 * n + n1, [&] { plain_composite(f8, a8, b8, out8); },
       [&](auto& on) { return kernels::composite(read(f8), read(a8), read(b8), out8.view(), on); }},
      // Rows that no output needs are not read: half of the input's at 1/4.
      {"resize_bilinear to 1/4", "1920x1080x3 to 480x270", 4 * (n / 2 + n / 16), [&] { plain_resize(f, small); },
       [&](auto& on) { return kernels::resize_bilinear(read(f), small.view(), on); }},
      {"resize_bilinear down", "1920x1080x3 to 1267x713", 4 * (n + static_cast<double>(odd.size())),
       [&] { plain_resize(f, middle); },
       [&](auto& on) { return kernels::resize_bilinear(read(f), middle.view(), on); }},
      {"resize_bilinear to 2x", "1920x1080x3 to 3840x2160", 4 * 5 * n, [&] { plain_resize(f, large); },
       [&](auto& on) { return kernels::resize_bilinear(read(f), large.view(), on); }},
      {"box_filter radius 8", "1920x1080", 8 * n1, [&] { plain_box(a, out1, 8); },
       [&](auto& on) { return kernels::box_filter(read(a), out1.view(), 8, on); }},
      {"box_filter radius 60", "1920x1080", 8 * n1, [&] { plain_box(a, out1, 60); },
       [&](auto& on) { return kernels::box_filter(read(a), out1.view(), 60, on); }},
      {"guided_filter radius 8", "1920x1080", 4 * (n + 2 * n1), [&] { plain_guided(f, a, out1, 8, 1e-4f); },
       [&](auto& on) {
         return kernels::guided_filter(read(f), read(a), out1.view(), {8, 1e-4f}, on);
       }},
      {"guided_filter radius 60", "1920x1080", 4 * (n + 2 * n1), [&] { plain_guided(f, a, out1, 60, 1e-4f); },
       [&](auto& on) {
         return kernels::guided_filter(read(f), read(a), out1.view(), {60, 1e-4f}, on);
       }},
  };
  nlohmann::json report = {{"cpu", cpu_model()},
                           {"threads", std::thread::hardware_concurrency()},
                           {"halide", hairline_kernels_image_ops.halide},
                           {"plain_loop", "one thread, the compiler's -O3 for plain x86-64"},
                           {"rows", nlohmann::json::array()}};
  for (const Case& c : cases) report["rows"].push_back(measure(c, triad));
  report["load_average"] = load_average();
  if (argc > 1) std::ofstream(argv[1]) << report.dump(1) << "\n";
  return 0;
}
