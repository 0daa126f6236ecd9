// hairline compare: how far two pictures are apart.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "batch.hpp"
#include "exit_code.hpp"
#include "hairline/io/read.hpp"
#include "job_error.hpp"
#include "paths.hpp"
#include "picture_files.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct Options {
  CommonOptions common;
  BatchOptions batch;
  std::string a, b;
  std::optional<double> threshold;
};

const char* const footer =
    "Differences are of values in [0,1] (8-bit steps are 0.0039); a grey picture equals an RGB one of three equal\n"
    "channels. The threshold is on the largest difference of all.\n"
    "Examples:\n"
    "  hairline compare alpha.png reference.png --threshold 0.004\n"
    "  hairline compare results/ golden/ --threshold 0 --json";

struct Difference {
  double largest = 0, mean = 0, psnr = std::numeric_limits<double>::infinity();
  int x = 0, y = 0;
};

// RGBA where either has an alpha, so that a missing alpha counts as opaque.
Difference difference(const Image<float, AlphaMode::straight>& a, const Image<float, AlphaMode::straight>& b,
                      int channels) {
  Difference d;
  double absolute = 0, squares = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x)
      for (int c = 0; c < channels; ++c) {
        const double e = std::abs(static_cast<double>(a(y, x, c)) - b(y, x, c));
        absolute += e;
        squares += e * e;
        if (e > d.largest) d = {e, 0, d.psnr, x, y};
      }
  const double n = static_cast<double>(a.shape().pixels()) * channels;
  d.mean = absolute / n;
  if (squares > 0) d.psnr = 10 * std::log10(n / squares);
  return d;
}

bool opaque(const Image<float, AlphaMode::straight>& p) {
  for (int y = 0; y < p.height(); ++y)
    for (int x = 0; x < p.width(); ++x)
      if (p(y, x, 3) != 1) return false;
  return true;
}

void compare_one(const std::string& a_file, const std::string& b_file, const Options& o, Outcome& outcome,
                 bool& beyond) {
  Json& json = outcome.json;
  json["a"] = a_file;
  json["b"] = b_file;
  Stopwatch watch;
  const auto a = read_colour_and_alpha(a_file), b = read_colour_and_alpha(b_file);
  want_size(b_file, b.shape(), a.shape(), "'" + a_file + "'");
  const Difference d = difference(a, b, opaque(a) && opaque(b) ? 3 : 4);
  json["size"] = {{"width", a.width()}, {"height", a.height()}};
  json["max_abs"] = d.largest;
  json["mean_abs"] = d.mean;
  json["psnr_db"] = std::isinf(d.psnr) ? Json(nullptr) : Json(d.psnr);
  json["at"] = {{"x", d.x}, {"y", d.y}};
  if (o.threshold) {
    beyond = d.largest > *o.threshold;
    json["threshold"] = *o.threshold;
    json["within"] = !beyond;
  }
  json["timings_ms"]["total"] = watch.total_ms();
  char text[200];
  std::snprintf(text, sizeof text, "max %.6g at (%d, %d), mean %.6g, PSNR %.2f dB", d.largest, d.x, d.y, d.mean,
                d.psnr);
  outcome.line = a_file + " and " + b_file + ": " + text;
  if (beyond) outcome.warnings.push_back(a_file + ": differs by more than the threshold from " + b_file);
}

int run_compare(const Options& o) {
  check_streams({o.a, o.b}, {}, o.common);
  const Inputs inputs = expand_inputs(o.a);
  const Partner partner(o.b, "picture", inputs.several);
  std::vector<Job> jobs;
  std::vector<char> beyond(inputs.files.size(), 0);
  for (std::size_t i = 0; i < inputs.files.size(); ++i) {
    const std::string file = inputs.files[i];
    jobs.push_back({file, [&o, &partner, &beyond, i, file](Outcome& outcome) {
                      bool far = false;
                      compare_one(file, partner.of(file), o, outcome, far);
                      beyond[i] = far ? 1 : 0;
                    }});
  }
  const int code = run_batch(Batch{"compare", inputs.several, false, {}, {}}, jobs, o.common, o.batch);
  if (code != exit_done) return code;
  return std::count(beyond.begin(), beyond.end(), 1) > 0 ? exit_not_verified : exit_done;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand("compare", "How far two pictures are apart");
  verb.add_option("A", o->a, "Picture, folder, pattern or -")->required();
  verb.add_option("B", o->b, "The other; a folder or pattern is matched by name")->required();
  verb.add_option("--threshold", o->threshold, "Exit code 4 if any value differs by more")->check(CLI::Range(0.0, 1e9));
  add_common_options(verb, o->common);
  verb.add_option("-j,--jobs", o->batch.jobs, "How many files to work on at once")->check(CLI::Range(1, 1024));
  verb.footer(footer);
  verb.callback([o, &action] { action = [o] { return run_compare(*o); }; });
}

}  // namespace hairline::tool
