// hairline bench: how long a network takes on compiled kernels, step by step.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "batch.hpp"
#include "beside.hpp"
#include "device.hpp"
#include "exit_code.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/io/read.hpp"
#include "hairline/kernels/load_network.hpp"
#include "hairline/kernels/peak.hpp"
#include "hairline/kernels/session.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "network_kernels.hpp"
#include "networks.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  CommonOptions common;
  std::string net, weights, src, background, size, precision = "f32", device = "cpu", mode = "sampling";
  double backbone_scale = 0.25, threshold = 0.1, least_error = 0, fade = 0;
  int sample_pixels = 80000, prevent_oversampling = 1, threads = 0, frames = 10, warmup = 3;
};

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

/// Milliseconds since this process was made, by the kernel's clock (a hundredth of a second exact).
double process_age_ms() {
  std::ifstream stat("/proc/self/stat"), uptime("/proc/uptime");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  double up = 0, started = 0;
  uptime >> up;
  const auto behind_name = text.rfind(')');
  if (behind_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(behind_name + 2));
  std::string skip;
  for (int i = 3; i < 22; ++i) fields >> skip;
  fields >> started;
  return 1e3 * (up - started / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

/// Peak resident memory of this process so far, bytes.
std::size_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

Image<std::uint8_t> read_bytes(const std::string& path) {
  auto picture = io::read_any_image(path);
  if (!picture) {
    if (picture.error().code == ErrorCode::not_found) throw NotAvailable{picture.error().message};
    throw std::runtime_error(picture.error().message);
  }
  return pixels_as<std::uint8_t>(std::move(*picture));
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  const std::size_t n = v.size();
  return n == 0 ? 0 : n % 2 == 1 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

RefineMode mode_of(const std::string& name) {
  const char* names[] = {"sampling", "thresholding", "full", "none"};
  for (int i = 0; i < 4; ++i)
    if (name == names[i]) return static_cast<RefineMode>(i);
  throw WrongUse{"unknown --refine-mode '" + name + "'"};
}

RunOptions run_options(const Options& o) {
  BackgroundMattingV2Options b;
  b.backbone_scale = o.backbone_scale;
  b.refine_mode = mode_of(o.mode);
  b.refine_sample_pixels = o.sample_pixels;
  b.refine_threshold = o.threshold;
  b.refine_least_error = o.least_error;
  b.refine_fade = o.fade;
  b.refine_prevent_oversampling = o.prevent_oversampling != 0;
  return b;
}

/// The pictures at the wanted size.
std::vector<Image<std::uint8_t>> pictures(const Options& o) {
  Beside<Image<std::uint8_t>> other(0, [&] { return read_bytes(o.background); });
  std::vector<Image<std::uint8_t>> all;
  all.push_back(read_bytes(o.src));
  all.push_back(other.get());
  if (all[0].shape() != all[1].shape())
    throw std::runtime_error(o.background + ": is " + to_string(all[1].shape()) + ", wanted the size of " + o.src +
                             ", " + to_string(all[0].shape()));
  if (o.size.empty()) return all;
  int width = 0, height = 0;
  char end = 0;
  if (std::sscanf(o.size.c_str(), "%dx%d%c", &width, &height, &end) != 2 || width < 1 || height < 1)
    throw WrongUse{"wanted --size WIDTHxHEIGHT such as 1920x1080, given '" + o.size + "'"};
  for (Image<std::uint8_t>& image : all) {  // nearest pixels: what is in them hardly matters for time
    Image<std::uint8_t> sized(Shape{height, width, 3});
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < 3; ++c)
          sized.view()(y, x, c) = image.view()(static_cast<int>(std::int64_t{y} * image.height() / height),
                                               static_cast<int>(std::int64_t{x} * image.width() / width), c);
    image = std::move(sized);
  }
  return all;
}

/// @param peak  of the processor; null on a device, whose peak nothing here measures
Json block_json(const kernels::StepTime& step, const std::vector<double>& times, const kernels::Peak* peak) {
  const double ms = median(times), gflops = ms > 0 ? 2e-6 * step.multiply_adds / ms : 0;
  Json j = {{"name", step.name}, {"kernel", step.kernel}, {"ms_median", ms}, {"bytes", step.bytes}};
  if (step.multiply_adds > 0) {
    const double intensity = step.bytes > 0 ? 2 * step.multiply_adds / step.bytes : 0;  // operations a byte
    j["multiply_adds"] = step.multiply_adds;
    j["gflops"] = gflops;
    j["operations_per_byte"] = intensity;
    if (peak != nullptr) {
      const double roof = std::min(peak->gflops, intensity * peak->gbytes);
      j["percent_of_peak"] = 100 * gflops / peak->gflops;
      j["percent_of_roofline"] = roof > 0 ? 100 * gflops / roof : 0;
    }
  } else {
    j["gbytes_per_second"] = ms > 0 ? 1e-6 * step.bytes / ms : 0;
  }
  return j;
}

/// Frames whose pictures and results are on the device already: each waited for, and one after the other.
Json device_times(kernels::Session& session, const kernels::Backend& on,
                  const std::vector<Image<std::uint8_t>>& pictures, const RunOptions& options, int frames) {
  const Shape shape = pictures[0].shape(), one{shape.height, shape.width, 1};
  std::vector<kernels::DeviceBuffer> memory(4);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t bytes = static_cast<std::size_t>((i == 2 ? one : shape).size()) * (i < 2 ? 1 : sizeof(float));
    const auto ok = i < 2 ? memory[i].upload(on, pictures[i].data(), bytes) : memory[i].reserve(on, bytes);
    if (!ok) throw std::runtime_error(ok.error().message);
  }
  const kernels::DevicePicture in[] = {{memory[0].native(), PixelType::u8, shape},
                                       {memory[1].native(), PixelType::u8, shape}};
  const kernels::DeviceTarget out[] = {{"pha", {memory[2].native(), PixelType::f32, one}},
                                       {"fgr", {memory[3].native(), PixelType::f32, shape}}};
  const auto frame = [&] {
    if (const auto done = session.run_on_device(in, out, options); !done)
      throw std::runtime_error(done.error().message);
  };
  const auto wait = [&] {
    if (const auto done = memory[0].synchronize(); !done) throw std::runtime_error(done.error().message);
  };
  frame();
  wait();
  std::vector<double> each;
  for (int i = 0; i < frames; ++i) {
    const auto begin = Clock::now();
    frame();
    wait();
    each.push_back(milliseconds(begin));
  }
  const auto begin = Clock::now();
  for (int i = 0; i < frames; ++i) frame();
  wait();
  return {{"ms_median", median(each)},
          {"ms_min", each.empty() ? 0 : *std::min_element(each.begin(), each.end())},
          {"ms_in_a_row", frames > 0 ? milliseconds(begin) / frames : 0}};
}

int bench(const Options& o) {
  if (o.threads > 0) ::setenv("HL_NUM_THREADS", std::to_string(o.threads).c_str(), 1);
  const Network& network = wanted_network(o.net);
  const DeviceChoice device = parse_device(o.device);
  const OpenDevice on = kernel_backend(device, network.name, precision_named(o.precision));
  const RunOptions options = run_options(o);
  const std::size_t baseline = peak_memory();

  // Pictures are decoded while weights are packed.
  Beside<std::vector<Image<std::uint8_t>>> decoding(0, [&] { return pictures(o); });
  const auto begin = Clock::now();
  auto made = kernels::load_network(network.graph, o.weights, on.backend, {}, SelfTestUse::run, o.threads);
  if (!made) {
    if (made.error().code == ErrorCode::not_found) throw NotAvailable{made.error().message};
    throw std::runtime_error(made.error().message);
  }
  const std::shared_ptr<const kernels::PackedNetwork> packed = std::move(*made);
  const double load_ms = milliseconds(begin);
  const auto given = decoding.get();
  const int height = given[0].height(), width = given[0].width();
  Image<std::uint8_t> alpha(Shape{height, width, 1}), foreground(Shape{height, width, 3});
  const AnyView inputs[] = {View<const std::uint8_t>(given[0].view()), View<const std::uint8_t>(given[1].view())};
  const kernels::ResultTarget results[] = {{"pha", alpha.view()}, {"fgr", foreground.view()}};
  kernels::Session session(packed);
  kernels::RunReport report;
  std::vector<kernels::StepTime> steps;
  const auto frame = [&](std::vector<kernels::StepTime>* times) {
    const auto start = Clock::now();
    auto done = session.run(inputs, results, options, times);
    if (!done) throw std::runtime_error(done.error().message);
    report = *done;
    return milliseconds(start);
  };
  const double first_run = frame(nullptr), first_frame = process_age_ms();
  for (int i = 1; i < o.warmup; ++i) frame(nullptr);
  std::vector<double> totals;
  std::vector<std::vector<double>> each;
  for (int i = 0; i < o.frames; ++i) {
    if (!device.cpu()) totals.push_back(frame(nullptr));  // to time its steps, each is waited for
    const double whole = frame(&steps);
    if (device.cpu()) totals.push_back(whole);
    each.resize(std::max(each.size(), steps.size()));
    for (std::size_t s = 0; s < steps.size(); ++s) each[s].push_back(steps[s].milliseconds);
  }
  Json on_device;
  const bool has_foreground = std::any_of(network.graph.outputs.begin(), network.graph.outputs.end(),
                                          [](const auto& output) { return output.name == "fgr"; });
  if (!device.cpu() && has_foreground) on_device = device_times(session, on.backend, given, options, o.frames);
  const std::size_t peak_bytes = peak_memory();
  kernels::Peak peak;
  if (device.cpu()) peak = kernels::measure_peak(o.threads);

  Json json = json_head("bench");
  json["net"] = o.net;
  json["engine"] = "kernels";
  json["device"] = device.text() + " " + on.name;
  json["precision"] = o.precision;
  json["size"] = {width, height};
  json["threads"] = kernels::thread_count();
  json["frames"] = o.frames;
  json["cells"] = report.cells;
  json["refined_cells"] = report.refined_cells;
  json["total"] = {{"ms_median", median(totals)},
                   {"ms_min", totals.empty() ? 0 : *std::min_element(totals.begin(), totals.end())},
                   {"ms_load", load_ms},
                   {"ms_first_run", first_run},
                   {"ms_cold_start", session.cold_start_ms()},
                   {"ms_first_frame", first_frame}};
  if (!on_device.is_null()) json["on_device"] = on_device;
  json["memory"] = {{"peak_bytes", peak_bytes},
                    {"baseline_bytes", baseline},
                    {"peak_over_baseline_bytes", peak_bytes - baseline},
                    {"arena_bytes", session.arena_bytes()},
                    {"weights_bytes", packed->weights.size_bytes()}};
  if (device.cpu()) json["peak"] = {{"gflops", peak.gflops}, {"gbytes_per_second", peak.gbytes}};
  json["blocks"] = Json::array();
  for (std::size_t s = 0; s < steps.size(); ++s)
    json["blocks"].push_back(block_json(steps[s], each[s], device.cpu() ? &peak : nullptr));
  if (!o.common.quiet && o.common.json != "-") {
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const double ms = median(each[s]);
      std::printf("%9.3f ms %7.1f GFLOP/s  %-36s %s\n", ms, ms > 0 ? 2e-6 * steps[s].multiply_adds / ms : 0.0,
                  steps[s].name.c_str(), steps[s].kernel.c_str());
    }
    std::printf("%s %dx%d, %d threads, %s: %.1f ms a frame, first frame %.0f ms from the start, %.0f MB over %.0f MB\n",
                o.net.c_str(), width, height, kernels::thread_count(), on.name.c_str(), median(totals), first_frame,
                1e-6 * static_cast<double>(peak_bytes - baseline), 1e-6 * static_cast<double>(baseline));
  }
  write_json(json, o.common);
  return exit_done;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand("bench", "Time a network on compiled kernels, step by step");
  verb.add_option("NET", o->net, "Network, as `hairline net list` names it")->required();
  verb.add_option("--weights", o->weights, "Weights: .safetensors, .pth, .onnx")->required();
  verb.add_option("--src", o->src, "Picture")->required();
  verb.add_option("--background", o->background, "Shot of the empty background, of the same size")->required();
  verb.add_option("--size", o->size, "Bring both pictures to WIDTHxHEIGHT first");
  verb.add_option("--device", o->device, "cpu, opencl[:N] or cuda[:N] (cpu)");
  verb.add_option("--precision", o->precision,
                  "Of weights and what lies between layers: f32 (default); bf16 on processors, f16 on devices")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
  verb.add_option("--backbone-scale", o->backbone_scale, "Size of the coarse stage (0.25)")
      ->check(CLI::Range(1e-3, 1.0));
  verb.add_option("--refine-mode", o->mode, "sampling, thresholding, full or none (sampling)");
  verb.add_option("--refine-sample-pixels", o->sample_pixels, "Pixels to refine (80000)")
      ->check(CLI::Range(0, 1 << 30));
  verb.add_option("--refine-threshold", o->threshold, "Of thresholding (0.1)");
  verb.add_option("--refine-least-error", o->least_error, "Of sampling: cells have more error than this (0)")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option("--refine-fade", o->fade, "See hairline matte --help (0)")->check(CLI::Range(0.0, 1e6));
  verb.add_option("--refine-prevent-oversampling", o->prevent_oversampling, "1: cells without error are left alone")
      ->check(CLI::Range(0, 1));
  verb.add_option("--threads", o->threads, "Threads (0: one for each processor)")->check(CLI::Range(0, 1024));
  verb.add_option("--frames", o->frames, "Frames that are timed (10)")->check(CLI::Range(0, 100000));
  verb.add_option("--warmup", o->warmup, "Frames before them (3)")->check(CLI::Range(0, 100000));
  add_common_options(verb, o->common);
  verb.footer(
      "Example:\n  hairline bench bgmv2-mobilenetv2 --weights w.safetensors --src p.png --background b.png --threads "
      "2");
  verb.callback([o, &action] { action = [o] { return bench(*o); }; });
}

}  // namespace hairline::tool
