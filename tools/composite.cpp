// hairline composite: a subject's colour and alpha over another background.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "batch.hpp"
#include "colour.hpp"
#include "cutout.hpp"
#include "finished.hpp"
#include "hairline/composite/composite.hpp"
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
  std::string foreground, alpha, background, out;
  bool linear = false;
  int depth = 16;
};

const char* const footer =
    "BG is a picture of the same size, or a colour: a name, #rrggbb, or r,g,b in 0..255.\n"
    "Examples:\n"
    "  hairline composite colour.png alpha.png beach.png result.png --linear\n"
    "  hairline composite colours/ alphas/ '#204060' results/";

struct Run {
  Options options;
  bool several = false;
  Partner alpha, background;
  std::optional<Colour> colour;
  Place out;
  Claims claims;
};

void composite_one(const Run& run, const std::string& file, Outcome& outcome) {
  Stopwatch watch;
  Json& json = outcome.json;
  const std::string alpha_file = run.alpha.of(file), background_file = run.background.of(file);
  const std::string place = run.out.of(file);
  json["foreground"] = file;
  json["alpha"] = alpha_file;
  json["background"] = run.options.background;
  json["outputs"]["composite"] = place;
  run.claims.check(place, file, {file, alpha_file, background_file});
  if (run.several && !run.options.batch.force && finished({file, alpha_file, background_file}, {place})) {
    outcome.skipped = true;
    return;
  }
  StagedOutputs staged;
  const std::string temporary = staged.add(place);
  outcome.stage("read");
  const AnyImage foreground = read_colour(file), alpha = read_mask(alpha_file);
  const AnyImage background = run.colour ? filled(foreground.shape(), *run.colour) : read_colour(background_file);
  want_size(alpha_file, alpha.shape(), foreground.shape(), "'" + file + "'");
  want_size(background_file, background.shape(), foreground.shape(), "'" + file + "'");
  json["size"] = {{"width", foreground.width()}, {"height", foreground.height()}};
  json["timings_ms"]["read"] = watch.lap_ms();
  outcome.stage("composite");
  CompositeOptions options;
  options.linear_light = run.options.linear;
  const Image<float> result = take(composite(foreground, alpha, background, options), file);
  json["timings_ms"]["composite"] = watch.lap_ms();
  outcome.stage("write");
  write_picture(temporary, place, result, run.options.depth);
  staged.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["timings_ms"]["total"] = watch.total_ms();
  outcome.line =
      "wrote " + place + " (" + size_string(result.shape()) + ", " + duration_string(watch.total_ms() / 1e3) + ")";
}

int run_composite(const Options& o) {
  check_streams({o.foreground, o.alpha, o.background}, {o.out}, o.common);
  const Inputs inputs = expand_inputs(o.foreground);
  Run run{o, inputs.several, Partner(o.alpha, "alpha", inputs.several), {}, parse_colour(o.background), {}, {}};
  if (!run.colour) run.background = Partner(o.background, "background", inputs.several);
  run.out = Place(o.out, inputs.several);
  if (const std::string wrong = run.out.wrong(); !wrong.empty()) throw WrongUse{wrong};
  run.out.make_folder();
  std::vector<Job> jobs;
  for (const std::string& file : inputs.files) {
    run.claims.claim(run.out.of(file), file);
    jobs.push_back({file, [&run, file](Outcome& outcome) { composite_one(run, file, outcome); }});
  }
  const Batch batch{"composite",
                    run.several,
                    o.out == "-",
                    {{"method", o.linear ? "linear_light" : "display"}, {"engine", "headers"}, {"device", "cpu"}},
                    {}};
  return run_batch(batch, jobs, o.common, o.batch);
}

}  // namespace

void add_composite(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand("composite", "Put a subject over another background");
  verb.add_option("FG", o->foreground, "The subject's own colour (straight); a file, folder, pattern or -")->required();
  verb.add_option("ALPHA", o->alpha, "Its alpha; or a folder or pattern of them, matched by name")->required();
  verb.add_option("BG", o->background, "The new background: a picture, a folder of them, or a colour")->required();
  verb.add_option("OUT", o->out, "Where the result goes: .png or .exr, -, a folder, or a pattern")->required();
  verb.add_flag("--linear", o->linear, "Blend in linear light instead of display values");
  verb.add_option("--depth", o->depth, "Bits of the PNGs")->check(CLI::IsMember({8, 16}));
  add_common_options(verb, o->common);
  add_batch_options(verb, o->batch);
  verb.footer(footer);
  verb.callback([o, &action] { action = [o] { return run_composite(*o); }; });
}

}  // namespace hairline::tool
