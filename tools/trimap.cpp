// hairline trimap: a mask or an alpha in, a trimap out.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "batch.hpp"
#include "finished.hpp"
#include "hairline/trimap/trimap.hpp"
#include "job_error.hpp"
#include "paths.hpp"
#include "picture_files.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct Options {
  CommonOptions common;
  BatchOptions batch;
  std::string mask, out;
  double foreground = 240, background = 10, erode = 10;
  bool from_alpha = false;
};

const char* const footer =
    "--fg and --bg are on the scale 0..255, whatever the mask's depth. The trimap is an 8-bit PNG of 0, 128 and 255.\n"
    "--from-alpha: unknown is where the alpha lies between --bg and --fg, by default 0 and 255, widened by --erode.\n"
    "Examples:\n"
    "  hairline trimap mask.png trimap.png --erode 15\n"
    "  hairline trimap alphas/ trimaps/ --from-alpha --fg 254 --bg 1 --erode 8";

Result<Plane> make_trimap(const Options& o, AnyView mask) {
  if (o.from_alpha) {
    TrimapFromAlphaOptions options;
    options.upper = o.foreground / 255;
    options.lower = o.background / 255;
    options.dilate = o.erode;
    return trimap_from_alpha(mask, options);
  }
  TrimapFromMaskOptions options;
  options.fg = o.foreground / 255;
  options.bg = o.background / 255;
  options.erode = o.erode;
  return trimap_from_mask(mask, options);
}

void count_classes(const Plane& trimap, const std::string& file, Outcome& outcome) {
  std::size_t background = 0, foreground = 0;
  for (const float t : trimap) {
    background += t <= 0.1f ? 1 : 0;
    foreground += t >= 0.9f ? 1 : 0;
  }
  outcome.json["pixels"] = {
      {"background", background}, {"unknown", trimap.size() - background - foreground}, {"foreground", foreground}};
  if (foreground == 0) outcome.warnings.push_back(file + ": the trimap has no foreground left (lower --erode or --fg)");
  if (background == 0) outcome.warnings.push_back(file + ": the trimap has no background left (lower --erode)");
}

struct Run {
  Options options;
  bool several = false;
  Place out;
  Claims claims;
};

void trimap_one(const Run& run, const std::string& file, Outcome& outcome) {
  const Options& o = run.options;
  Stopwatch watch;
  Json& json = outcome.json;
  const std::string place = run.out.of(file);
  json["mask"] = file;
  json["outputs"]["trimap"] = place;
  run.claims.check(place, file, {file});
  if (run.several && !o.batch.force && finished({file}, {place})) {
    outcome.skipped = true;
    return;
  }
  StagedOutputs staged;
  const std::string temporary = staged.add(place);
  const AnyImage mask = read_mask(file);
  json["size"] = {{"width", mask.width()}, {"height", mask.height()}};
  json["timings_ms"]["read"] = watch.lap_ms();
  const Plane trimap = take(make_trimap(o, mask), file);
  count_classes(trimap, file, outcome);
  json["timings_ms"]["trimap"] = watch.lap_ms();
  write_picture(temporary, place, trimap, 8);
  staged.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["timings_ms"]["total"] = watch.total_ms();
  outcome.line = "wrote " + place + " (" + size_string(mask.shape()) + ", " +
                 std::to_string(json["pixels"]["unknown"].get<std::size_t>()) + " unknown pixels, " +
                 duration_string(watch.total_ms() / 1e3) + ")";
}

int run_trimap(const Options& o) {
  if (o.background >= o.foreground) throw WrongUse{"wanted --bg below --fg"};
  check_streams({o.mask}, {o.out}, o.common);
  const Inputs inputs = expand_inputs(o.mask);
  Run run{o, inputs.several, Place(o.out, inputs.several), {}};
  if (const std::string wrong = run.out.wrong(); !wrong.empty()) throw WrongUse{wrong};
  run.out.make_folder();
  std::vector<Job> jobs;
  for (const std::string& file : inputs.files) {
    run.claims.claim(run.out.of(file), file);
    jobs.push_back({file, [&run, file](Outcome& outcome) { trimap_one(run, file, outcome); }});
  }
  const Batch batch{"trimap",
                    inputs.several,
                    o.out == "-",
                    {{"method", o.from_alpha ? "from_alpha" : "from_mask"}, {"engine", "headers"}, {"device", "cpu"}},
                    {}};
  return run_batch(batch, jobs, o.common, o.batch);
}

}  // namespace

void add_trimap(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand("trimap", "Make a trimap from a rough mask or from an alpha");
  verb.add_option("MASK", o->mask, "Mask or alpha (an RGBA file's alpha counts); file, folder, pattern or -")
      ->required();
  verb.add_option("OUT", o->out, "Where the trimap goes: .png, -, a folder, or a pattern")->required();
  verb.add_option("--fg", o->foreground, "At or above this is foreground, before eroding (0..255)")
      ->check(CLI::Range(0.0, 255.0));
  verb.add_option("--bg", o->background, "At or below this is background, before eroding (0..255)")
      ->check(CLI::Range(0.0, 255.0));
  verb.add_option("--erode", o->erode, "How many pixels both are eroded by")->check(CLI::Range(0.0, 10000.0));
  verb.add_flag("--from-alpha", o->from_alpha, "MASK is a finished alpha: keep all its mixed pixels unknown");
  add_common_options(verb, o->common);
  add_batch_options(verb, o->batch);
  verb.footer(footer);
  verb.callback([o, &verb, &action] {
    if (o->from_alpha && verb.count("--fg") == 0) o->foreground = 255;
    if (o->from_alpha && verb.count("--bg") == 0) o->background = 0;
    action = [o] { return run_trimap(*o); };
  });
}

}  // namespace hairline::tool
