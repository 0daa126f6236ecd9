// hairline foreground: a picture and its alpha in, the subject's own colour out.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "batch.hpp"
#include "beside.hpp"
#include "cutout.hpp"
#include "finished.hpp"
#include "hairline/solvers/foreground_closed_form.hpp"
#include "job_error.hpp"
#include "memory.hpp"
#include "paths.hpp"
#include "picture_files.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct ForegroundOptions {
  CommonOptions common;
  BatchOptions batch;
  std::string image, alpha, out, method = "ml";
  int depth = 16;
};

const char* const footer =
    "The colour is straight (not multiplied by alpha) and extended where alpha is 0, never zeroed.\n"
    "Examples:\n"
    "  hairline foreground photo.png alpha.png colour.png\n"
    "  hairline foreground photos/ alphas/ 'colours/*.exr' --method cf";

// What reading, multi-level estimation and writing need for a pixel, about.
constexpr std::size_t job_bytes = 14;

struct Run {
  ForegroundOptions options;
  bool several = false;
  Partner alpha;
  Place out;
  Claims claims;
};

AnyImage estimate(const Run& run, AnyView picture, AnyView alpha, const std::string& image, PixelType as) {
  const int threads = run.options.batch.threads_per_job();
  if (run.options.method == "ml") return estimate_foreground(picture, alpha, image, threads, as);
  ForegroundClosedFormOptions options;
  options.solve.threads = threads;
  return std::move(take(foreground_closed_form<float>(picture, alpha, options), image).foreground);
}

void foreground_one(const Run& run, const std::string& image, Outcome& outcome) {
  Stopwatch watch;
  Json& json = outcome.json;
  const std::string alpha_file = run.alpha.of(image), place = run.out.of(image);
  json["image"] = image;
  json["alpha"] = alpha_file;
  json["outputs"]["foreground"] = place;
  run.claims.check(place, image, {image, alpha_file});
  if (run.several && !run.options.batch.force && finished({image, alpha_file}, {place})) {
    outcome.skipped = true;
    return;
  }
  StagedOutputs staged;
  const std::string temporary = staged.add(place);
  outcome.stage("read");
  Beside<AnyImage> matte(run.options.batch.threads_per_job(), [&] {
    AnyImage read = read_mask(alpha_file);  // sooner there than the picture
    touch_ahead(static_cast<std::size_t>(read.shape().pixels()) * job_bytes);
    return read;
  });
  const AnyImage picture = read_colour(image), alpha = matte.get();
  want_size(alpha_file, alpha.shape(), picture.shape(), "'" + image + "'");
  json["size"] = {{"width", picture.width()}, {"height", picture.height()}};
  json["timings_ms"]["read"] = watch.lap_ms();
  outcome.stage("foreground");
  const AnyImage foreground = estimate(run, picture, alpha, image, written_as(place, run.options.depth));
  json["timings_ms"]["foreground"] = watch.lap_ms();
  outcome.stage("write");
  write_picture(temporary, place, foreground, run.options.depth, run.options.batch.threads_per_job());
  staged.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["timings_ms"]["total"] = watch.total_ms();
  outcome.line = "wrote " + place + " (" + run.options.method + ", " + size_string(picture.shape()) + ", " +
                 duration_string(watch.total_ms() / 1e3) + ")";
}

int run_foreground(const ForegroundOptions& o) {
  check_streams({o.image, o.alpha}, {o.out}, o.common);
  const Inputs inputs = expand_inputs(o.image);
  Run run{o, inputs.several, Partner(o.alpha, "alpha", inputs.several), Place(o.out, inputs.several), {}};
  if (const std::string wrong = run.out.wrong(); !wrong.empty()) throw WrongUse{wrong};
  run.out.make_folder();
  std::vector<Job> jobs;
  for (const std::string& image : inputs.files) {
    run.claims.claim(run.out.of(image), image);
    jobs.push_back({image, [&run, image](Outcome& outcome) { foreground_one(run, image, outcome); }});
  }
  const Batch batch{"foreground",
                    run.several,
                    o.out == "-",
                    {{"method", o.method}, {"engine", "headers"}, {"device", "cpu"}, {"precision", "f32"}},
                    {}};
  return run_batch(batch, jobs, o.common, o.batch);
}

}  // namespace

void add_foreground(CLI::App& app, Action& action) {
  auto o = std::make_shared<ForegroundOptions>();
  CLI::App& verb = *app.add_subcommand("foreground", "Find the subject's own colour for a known alpha");
  verb.add_option("IMAGE", o->image, "Picture, folder, quoted pattern, or -")->required();
  verb.add_option("ALPHA", o->alpha, "Its alpha; or a folder or pattern of them, matched by name")->required();
  verb.add_option("OUT", o->out, "Where the colour goes: .png or .exr, -, a folder, or a pattern")->required();
  verb.add_option("-m,--method", o->method, "ml (multi-level) or cf (closed form)")->check(CLI::IsMember({"ml", "cf"}));
  verb.add_option("--depth", o->depth, "Bits of the PNGs")->check(CLI::IsMember({8, 16}));
  add_common_options(verb, o->common);
  add_batch_options(verb, o->batch);
  verb.footer(footer);
  verb.callback([o, &action] { action = [o] { return run_foreground(*o); }; });
}

}  // namespace hairline::tool
