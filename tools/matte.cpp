// hairline matte: a picture and a trimap or an empty background in; alpha, colour, composite out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "batch.hpp"
#include "beside.hpp"
#include "colour.hpp"
#include "cutout.hpp"
#include "device.hpp"
#include "finished.hpp"
#include "hairline/composite/islands.hpp"
#include "hairline/composite/pits.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/solvers/plate_settling.hpp"
#include "hairline/solvers/weigh_colours.hpp"
#include "job_error.hpp"
#include "matte_options.hpp"
#include "methods/network.hpp"
#include "paths.hpp"
#include "picture_files.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

// What stays the same for all pictures of a run.
struct Run {
  MatteOptions options;
  const Method* method = nullptr;
  bool several = false;
  Partner trimap, plate, start, over_picture;
  std::optional<Colour> over_colour;
  Place alpha, foreground, composite, cutout, error, refined;
  Claims claims;
  MatteFunction matte;  ///< the method, with its weights if it is a network
  bool wants_colour() const { return foreground.given() || composite.given() || cutout.given(); }
  std::array<const Place*, 6> places() const { return {&alpha, &foreground, &composite, &cutout, &error, &refined}; }
  std::vector<std::string> inputs_of(const std::string& image) const {
    return {image, trimap.of(image), plate.of(image), start.of(image), options.network.weights};
  }
};

std::string beside(const std::string& place, const std::string& suffix) {
  const std::size_t slash = place.find_last_of('/');
  const std::size_t dot = place.find_last_of('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return place + suffix;
  return place.substr(0, dot) + suffix + place.substr(dot);
}

// --over without --composite.
std::string default_composite(const std::string& alpha, bool several) {
  if (alpha == "-" || alpha.rfind("/dev/", 0) == 0)
    throw WrongUse{"--over needs --composite FILE when the alpha goes to '" + alpha + "'"};
  if (!several || alpha.find('*') != std::string::npos) return beside(alpha, "_over");
  return alpha + (alpha.back() == '/' ? "" : "/") + "*_over.png";
}

std::vector<std::string> outputs_of(const MatteOptions& o) {
  return {o.alpha, o.foreground, o.composite, o.cutout, o.error, o.refined};
}

Run prepare(MatteOptions o) {
  Run run;
  run.method = &choose_method(o);
  run.matte = run.method->run;
  if (run.method->single_only && o.precision.empty()) o.precision = "f32";
  if (o.precision.empty()) o.precision = "f64";
  if (o.network.engine.empty()) o.network.engine = "kernels";
  if (!run.method->is_network()) want_cpu(o.device, "method " + run.method->name);
  o.device = parse_device(o.device).text();
  o.network.device = o.device;
  o.network.precision = o.precision;
  check_streams({o.image, o.trimap, o.background, o.start, o.over}, outputs_of(o), o.common);
  const Inputs inputs = expand_inputs(o.image);
  run.several = inputs.several;
  if (!o.over.empty() && o.composite.empty()) o.composite = default_composite(o.alpha, run.several);
  if (!o.composite.empty() && o.over.empty()) o.over = "screen";
  run.over_colour = parse_colour(o.over);
  run.trimap = Partner(o.trimap, "trimap", run.several);
  run.plate = Partner(o.background, "background", run.several);
  run.start = Partner(o.start, "start alpha", run.several);
  if (!run.over_colour) run.over_picture = Partner(o.over, "background to put it over", run.several);
  run.alpha = Place(o.alpha, run.several);
  run.foreground = Place(o.foreground, run.several);
  run.composite = Place(o.composite, run.several);
  run.cutout = Place(o.cutout, run.several);
  run.error = Place(o.error, run.several);
  run.refined = Place(o.refined, run.several);
  for (const Place* place : run.places())
    if (const std::string wrong = place->wrong(); !wrong.empty()) throw WrongUse{wrong};
  run.options = std::move(o);
  return run;
}

MatteInput read_input(const Run& run, const std::string& image) {
  const bool plate = run.method->takes_plate;
  const std::string file = plate ? run.plate.of(image) : run.trimap.of(image);
  MatteInput input;
  Beside<void> other(run.options.batch.threads_per_job(), [&] {
    if (plate)
      input.plate = read_colour(file);
    else
      input.trimap = read_grey(file);
  });
  input.picture = read_colour(image);
  other.get();
  want_size(file, plate ? input.plate.shape() : input.trimap.shape(), input.picture.shape(), "'" + image + "'");
  return input;
}

MethodSettings settings_for(const Run& run, const AnyImage& start) {
  const MatteOptions& o = run.options;
  MethodSettings s;
  s.solve = run.method->defaults();
  s.solve.threads = o.batch.threads_per_job();
  if (o.tolerance) s.solve.relative_tolerance = *o.tolerance;
  if (o.max_iterations) s.solve.max_iterations = *o.max_iterations;
  if (o.preconditioner != Preconditioner::automatic) s.solve.preconditioner = o.preconditioner;
  if (!start.empty()) s.solve.start = start.view();
  s.epsilon = o.epsilon;
  s.radius = o.radius;
  s.align = o.align;
  s.settle = o.settle.value_or(run.method->settle);
  s.colour = run.wants_colour();
  s.doubles = o.precision == "f64";
  return s;
}

Json solver_json(const SolveReport& r) {
  return Json{{"iterations", r.iterations},
              {"residual", r.residual},
              {"status", name(r.status)},
              {"preconditioner", name(r.preconditioner)},
              {"preconditioner_replaced", r.preconditioner_replaced}};
}

void warn_about(const SolveReport& r, const std::string& image, Outcome& outcome) {
  std::ostringstream text;
  text << image << ": ";
  if (r.status == SolveStatus::iteration_limit) {
    text << "the solver stopped at its limit of " << r.iterations << " iterations, residual " << r.residual
         << "; the best alpha found is written (raise --max-iterations)";
    outcome.warnings.push_back(text.str());
  } else if (r.status == SolveStatus::breakdown) {
    text << "the solver broke down after " << r.iterations << " iterations, residual " << r.residual
         << "; the best alpha found is written";
    outcome.warnings.push_back(text.str());
  }
  if (r.preconditioner_replaced)
    outcome.warnings.push_back(image + ": the preconditioner broke down; " + name(r.preconditioner) + " was used");
}

// A background shot from the hand makes most of the picture differ from it. Looked into only then: it takes time.
// The plate where it was taken to lie.
const AnyImage& plate_of(const MatteInput& input, const Matte& matte) {
  return matte.plate.empty() ? input.plate : matte.plate;
}

void warn_about_plate(const Run& run, const MatteInput& input, const Matte& matte, const std::string& image,
                      Outcome& outcome) {
  if (!run.method->has_align || run.options.align) return;
  const auto subject = std::count_if(matte.alpha.begin(), matte.alpha.end(), [](float a) { return a > 0.5f; });
  if (static_cast<double>(subject) < 0.3 * static_cast<double>(matte.alpha.size())) return;
  ThreadPool pool(run.options.batch.threads_per_job());
  const double off = plate_seems_off(input.picture.view(), plate_of(input, matte).view(), pool);
  if (off > 0)
    outcome.warnings.push_back(image + ": the background seems to lie about " + std::to_string(std::lround(off)) +
                               " pixels off; if it was shot from the hand, add --align");
}

// The results' places and temporaries for one picture.
struct Targets {
  StagedOutputs staged;
  struct One {
    std::string place, temporary;
  };
  One alpha, foreground, composite, cutout, error, refined;
};

void reserve(const Run& run, const std::string& image, Targets& targets, Json& json) {
  const auto add = [&](const char* key, const Place& place, Targets::One& one) {
    if (!place.given()) return;
    one.place = place.of(image);
    run.claims.check(one.place, image, run.inputs_of(image));
    json["outputs"][key] = one.place;
    one.temporary = targets.staged.add(one.place);
  };
  add("alpha", run.alpha, targets.alpha);
  add("foreground", run.foreground, targets.foreground);
  add("composite", run.composite, targets.composite);
  add("cutout", run.cutout, targets.cutout);
  add("error", run.error, targets.error);
  add("refined", run.refined, targets.refined);
}

// The network's own colour, or an estimate; nothing if nobody asks for it.
AnyImage colour_of(const Run& run, const std::string& image, const MatteInput& input, Matte& matte, Outcome& outcome,
                   Stopwatch& watch) {
  if (!run.wants_colour()) return {};
  if (!matte.foreground.empty()) return std::move(matte.foreground);
  outcome.stage("foreground");
  const bool only_written = !run.cutout.given() && !run.composite.given();
  AnyImage colour =
      estimate_foreground(input.picture, matte.alpha, image, run.options.batch.threads_per_job(),
                          only_written ? written_as(run.foreground.of(image), run.options.depth) : PixelType::f32);
  outcome.json["timings_ms"]["foreground"] = watch.lap_ms();
  return colour;
}

void write_results(const Run& run, const std::string& image, const MatteInput& input, Matte& matte,
                   const Targets& targets, Outcome& outcome, Stopwatch& watch) {
  const int depth = run.options.depth;
  const AnyImage foreground = colour_of(run, image, input, matte, outcome, watch);
  outcome.stage("write");
  write_picture(targets.alpha.temporary, targets.alpha.place, matte.alpha, depth);
  if (run.foreground.given()) write_picture(targets.foreground.temporary, targets.foreground.place, foreground, depth);
  if (run.error.given()) write_picture(targets.error.temporary, targets.error.place, matte.error, depth);
  if (run.refined.given()) write_picture(targets.refined.temporary, targets.refined.place, matte.refined, depth);
  if (run.cutout.given())
    write_picture(targets.cutout.temporary, targets.cutout.place, cutout(to_float(foreground), matte.alpha), depth);
  if (run.composite.given()) {
    const std::string over = run.over_colour ? std::string() : run.over_picture.of(image);
    const AnyImage background = run.over_colour ? filled(input.picture.shape(), *run.over_colour) : read_colour(over);
    if (!run.over_colour) want_size(over, background.shape(), input.picture.shape(), "'" + image + "'");
    write_picture(targets.composite.temporary, targets.composite.place,
                  put_over(foreground, matte.alpha, background, image), depth);
  }
}

std::string spoken_line(const Run& run, const Targets& t, const Json& json) {
  std::string line = "wrote " + t.alpha.place;
  for (const auto* one : {&t.foreground, &t.composite, &t.cutout, &t.error, &t.refined})
    if (!one->place.empty()) line += ", " + one->place;
  const double total = json["timings_ms"]["total"];
  line += " (" + run.method->name;
  if (run.method->is_network()) line += ", engine " + run.options.network.engine;
  if (json.contains("refined_cells"))
    line += ", " + std::to_string(json["refined_cells"].get<long>()) + " cells refined";
  return line + ", " + std::to_string(json["size"]["width"].get<int>()) + "x" +
         std::to_string(json["size"]["height"].get<int>()) + ", " + duration_string(total / 1e3) + ")";
}

bool is_finished(const Run& run, const std::string& image) {
  std::vector<std::string> outputs;
  for (const Place* place : run.places()) outputs.push_back(place->of(image));
  return finished(run.inputs_of(image), outputs);
}

void clean(const Run& run, const std::string& image, const MatteInput& input, Matte& matte, Json& json,
           Stopwatch& watch) {
  const double island = run.options.islands.value_or(run.method->islands);
  const double pit = run.options.pits.value_or(run.method->pits);
  const bool colours = run.options.colours.value_or(run.method->colours);
  if (island > 0) json["islands"] = remove_islands(matte.alpha.view(), {.share = island});
  if (pit > 0) json["filled_pixels"] = fill_pits(matte.alpha.view(), {.share = pit});
  if (colours) {
    ThreadPool pool(run.options.batch.threads_per_job());
    const auto moved =
        weigh_colours(input.picture, plate_of(input, matte), matte.alpha.view(), matte.foreground.view(), {}, pool);
    if (!moved) throw JobError(image, moved.error().message);
    json["weighed_pixels"] = *moved;
  }
  if (island > 0 || pit > 0 || colours) json["timings_ms"]["clean"] = watch.lap_ms();
}

void matte_one(const Run& run, const std::string& image, Outcome& outcome) {
  Stopwatch watch;
  Json& json = outcome.json;
  json["image"] = image;
  if (run.trimap.given()) json["trimap"] = run.trimap.of(image);
  if (run.plate.given()) json["background"] = run.plate.of(image);
  run.claims.check(run.alpha.of(image), image, {});
  if (run.several && !run.options.batch.force && is_finished(run, image)) {
    outcome.skipped = true;
    return;
  }
  Targets targets;
  reserve(run, image, targets, json);
  outcome.stage("read");
  const MatteInput input = read_input(run, image);
  AnyImage start;
  if (run.start.given()) {
    start = read_grey(run.start.of(image));
    want_size(run.start.of(image), start.shape(), input.picture.shape(), "'" + image + "'");
  }
  json["size"] = {{"width", input.picture.width()}, {"height", input.picture.height()}};
  json["timings_ms"]["read"] = watch.lap_ms();
  const std::string work = run.method->is_network() ? "forward" : "solve";
  outcome.stage(work);
  auto result = run.matte(input, settings_for(run, start));
  if (!result) {
    const bool about_trimap = result.error().code == ErrorCode::bad_trimap && run.trimap.given();
    throw JobError(about_trimap ? run.trimap.of(image) : image, result.error().message);
  }
  json["timings_ms"][work] = std::round((watch.lap_ms() - result->align_ms) * 1000) / 1000;
  if (result->align_ms > 0) json["timings_ms"]["align"] = result->align_ms;
  if (!run.method->is_network()) {
    json["solver"] = solver_json(result->report);
    warn_about(result->report, image, outcome);
  }
  warn_about_plate(run, input, *result, image, outcome);
  clean(run, image, input, *result, json, watch);
  if (result->backbone_scale > 0) json["backbone_scale"] = result->backbone_scale;
  if (run.method->has_refinement) {
    json["refined_cells"] = std::count(result->refined.begin(), result->refined.end(), 1.0f);
    json["cells"] = result->refined.size();
  }
  write_results(run, image, input, *result, targets, outcome, watch);
  targets.staged.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["timings_ms"]["total"] = watch.total_ms();
  outcome.line = spoken_line(run, targets, json);
}

int run_matte(const MatteOptions& given) {
  Run run = prepare(given);
  const MatteOptions& o = run.options;
  Batch batch{"matte", run.several, false, {}, {}, {}, {}};
  batch.head = {{"method", run.method->name}, {"engine", "headers"}, {"device", o.device}, {"precision", o.precision}};
  if (run.method->is_network()) {
    OpenNetwork opened = run.method->open(o.network);
    run.matte = std::move(opened.run);
    batch.head.update(opened.about);
    batch.load_ms = opened.load_ms;
  }
  for (const Place* place : run.places()) place->make_folder();
  std::vector<Job> jobs;
  for (const std::string& image : expand_inputs(o.image).files) {
    run.claims.claim(run.alpha.of(image), image);
    jobs.push_back({image, [&run, image](Outcome& outcome) { matte_one(run, image, outcome); }});
  }
  for (const std::string& s : outputs_of(o)) batch.standard_output_taken = batch.standard_output_taken || s == "-";
  return run_batch(batch, jobs, o.common, o.batch);
}

}  // namespace

void add_matte(CLI::App& app, Action& action) {
  auto o = std::make_shared<MatteOptions>();
  CLI::App& verb = *app.add_subcommand("matte", "Find the alpha (and colour) of a picture's subject");
  add_matte_options(verb, *o);
  verb.callback([o, &action] { action = [o] { return run_matte(*o); }; });
}

}  // namespace hairline::tool
