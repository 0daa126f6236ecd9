// hairline matte: a picture and a trimap or an empty background in; alpha, colour, composite out.
#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "batch.hpp"
#include "colour.hpp"
#include "cutout.hpp"
#include "device.hpp"
#include "finished.hpp"
#include "job_error.hpp"
#include "methods/method.hpp"
#include "paths.hpp"
#include "picture_files.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct MatteOptions {
  CommonOptions common;
  BatchOptions batch;
  std::string image, alpha, trimap, background, method, foreground, composite, cutout, over, start, device = "cpu";
  std::string precision = "f64";
  int depth = 16;
  bool align = false;
  std::optional<double> epsilon, tolerance;
  std::optional<int> radius, max_iterations;
  Preconditioner preconditioner = Preconditioner::automatic;
};

const char* const footer =
    "OUT is the alpha. --over alone puts the composite beside it, named OUT's name + '_over'.\n"
    "A solver that stops at its iteration limit still gives its best alpha, with a warning and exit code 0;\n"
    "the JSON object's solver.status says so.\n"
    "Examples:\n"
    "  hairline matte photo.png alpha.png --trimap trimap.png\n"
    "  hairline matte photo.jpg alpha.exr --trimap trimap.png -m knn --foreground colour.exr --json\n"
    "  hairline matte photo.png alpha.png --background empty.png --over '#204060' --composite result.png\n"
    "  hairline matte photo.jpg alpha.png --background from_the_hand.jpg --align\n"
    "  hairline matte photos/ alphas/ --trimap trimaps/ --cutout cut/ --jobs 2\n"
    "  hairline matte 'shot/*.png' 'mattes/*_alpha.exr' --background plate.png\n"
    "  cat photo.png | hairline matte - - --trimap trimap.png > alpha.png";

// What stays the same for all pictures of a run.
struct Run {
  MatteOptions options;
  const Method* method = nullptr;
  bool several = false;
  Partner trimap, plate, start, over_picture;
  std::optional<Colour> over_colour;
  Place alpha, foreground, composite, cutout;
  Claims claims;
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

void check_method(const MatteOptions& o, const Method& m) {
  const auto refuse = [&](const std::string& what) { throw WrongUse{"method " + m.name + " " + what}; };
  if (m.takes_plate && o.background.empty()) refuse("needs --background, the picture without the subject");
  if (!m.takes_plate && o.trimap.empty()) refuse("needs --trimap");
  if (o.epsilon && !m.has_epsilon) refuse("has no --epsilon");
  if (o.radius && !m.has_radius) refuse("has no --radius");
  if (o.align && !m.has_align) refuse("has no --align");
  if (!o.start.empty() && !m.has_start) refuse("has no --start");
  if (o.preconditioner != Preconditioner::automatic && !m.has_preconditioner) refuse("has no --preconditioner");
  if ((o.tolerance || o.max_iterations) && !m.iterates) refuse("does not iterate: no --tolerance, no --max-iterations");
}

const Method& choose_method(const MatteOptions& o) {
  if (o.trimap.empty() == o.background.empty())
    throw WrongUse{o.trimap.empty() ? "wanted --trimap or --background, given neither"
                                    : "wanted --trimap or --background, given both"};
  const std::string name = !o.method.empty() ? o.method : o.background.empty() ? "cf" : "plate";
  const Method* method = find_method(name);
  if (method == nullptr) {
    std::string known;
    for (const Method& m : methods()) known += (known.empty() ? "" : ", ") + m.name;
    throw WrongUse{"unknown method '" + name + "', wanted one of " + known};
  }
  check_method(o, *method);
  return *method;
}

Run prepare(MatteOptions o) {
  Run run;
  run.method = &choose_method(o);
  want_device(o.device);
  check_streams({o.image, o.trimap, o.background, o.start, o.over}, {o.alpha, o.foreground, o.composite, o.cutout},
                o.common);
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
  for (const Place* place : {&run.alpha, &run.foreground, &run.composite, &run.cutout})
    if (const std::string wrong = place->wrong(); !wrong.empty()) throw WrongUse{wrong};
  run.options = std::move(o);
  return run;
}

MatteInput read_input(const Run& run, const std::string& image) {
  MatteInput input;
  input.picture = read_colour(image);
  const std::string whose = "'" + image + "'";
  if (run.method->takes_plate) {
    const std::string file = run.plate.of(image);
    input.plate = read_colour(file);
    want_size(file, input.plate.shape(), input.picture.shape(), whose);
  } else {
    const std::string file = run.trimap.of(image);
    input.trimap = read_grey(file);
    want_size(file, input.trimap.shape(), input.picture.shape(), whose);
  }
  return input;
}

MethodSettings settings_for(const Run& run, const Plane& start) {
  const MatteOptions& o = run.options;
  MethodSettings s;
  s.solve = run.method->defaults();
  s.solve.threads = o.batch.threads_per_job();
  if (o.tolerance) s.solve.relative_tolerance = *o.tolerance;
  if (o.max_iterations) s.solve.max_iterations = *o.max_iterations;
  if (o.preconditioner != Preconditioner::automatic) s.solve.preconditioner = o.preconditioner;
  if (!start.empty()) s.solve.start = start;
  s.epsilon = o.epsilon;
  s.radius = o.radius;
  s.align = o.align;
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
    outcome.warnings.push_back(image + ": the preconditioner broke down; " + name(r.preconditioner) +
                               " was used");
}

// The four results' places and temporaries for one picture.
struct Targets {
  StagedOutputs staged;
  struct One {
    std::string place, temporary;
  };
  One alpha, foreground, composite, cutout;
};

void reserve(const Run& run, const std::string& image, Targets& targets, Json& json) {
  const auto add = [&](const char* key, const Place& place, Targets::One& one) {
    if (!place.given()) return;
    one.place = place.of(image);
    run.claims.check(one.place, image, {image, run.trimap.of(image), run.plate.of(image), run.start.of(image)});
    json["outputs"][key] = one.place;
    one.temporary = targets.staged.add(one.place);
  };
  add("alpha", run.alpha, targets.alpha);
  add("foreground", run.foreground, targets.foreground);
  add("composite", run.composite, targets.composite);
  add("cutout", run.cutout, targets.cutout);
}

void write_results(const Run& run, const std::string& image, const MatteInput& input, const Matte& matte,
                   const Targets& targets, Outcome& outcome, Stopwatch& watch) {
  const int depth = run.options.depth;
  Image<float> foreground;
  if (run.foreground.given() || run.composite.given() || run.cutout.given()) {
    outcome.stage("foreground");
    foreground = estimate_foreground(input.picture, matte.alpha, image, run.options.batch.threads_per_job());
    outcome.json["timings_ms"]["foreground"] = watch.lap_ms();
  }
  outcome.stage("write");
  write_picture(targets.alpha.temporary, targets.alpha.place, matte.alpha, depth);
  if (run.foreground.given()) write_picture(targets.foreground.temporary, targets.foreground.place, foreground, depth);
  if (run.cutout.given())
    write_picture(targets.cutout.temporary, targets.cutout.place, cutout(foreground, matte.alpha), depth);
  if (run.composite.given()) {
    const std::string over = run.over_colour ? std::string() : run.over_picture.of(image);
    const Image<float> background =
        run.over_colour ? filled(input.picture.shape(), *run.over_colour) : read_colour(over);
    if (!run.over_colour) want_size(over, background.shape(), input.picture.shape(), "'" + image + "'");
    write_picture(targets.composite.temporary, targets.composite.place,
                  put_over(foreground, matte.alpha, background, image), depth);
  }
}

std::string spoken_line(const Run& run, const Targets& t, const Json& json) {
  std::string line = "wrote " + t.alpha.place;
  for (const auto* one : {&t.foreground, &t.composite, &t.cutout})
    if (!one->place.empty()) line += ", " + one->place;
  const double total = json["timings_ms"]["total"];
  return line + " (" + run.method->name + ", " + std::to_string(json["size"]["width"].get<int>()) + "x" +
         std::to_string(json["size"]["height"].get<int>()) + ", " + duration_string(total / 1e3) + ")";
}

bool is_finished(const Run& run, const std::string& image) {
  std::vector<std::string> inputs{image, run.trimap.of(image), run.plate.of(image)}, outputs;
  for (const Place* place : {&run.alpha, &run.foreground, &run.composite, &run.cutout})
    outputs.push_back(place->of(image));
  return finished(inputs, outputs);
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
  Plane start;
  if (run.start.given()) {
    start = read_grey(run.start.of(image));
    want_size(run.start.of(image), start.shape(), input.picture.shape(), "'" + image + "'");
  }
  json["size"] = {{"width", input.picture.width()}, {"height", input.picture.height()}};
  json["timings_ms"]["read"] = watch.lap_ms();
  outcome.stage("solve");
  auto result = run.method->run(input, settings_for(run, start));
  if (!result) {
    const bool about_trimap = result.error().code == ErrorCode::bad_trimap && run.trimap.given();
    throw JobError(about_trimap ? run.trimap.of(image) : image, result.error().message);
  }
  json["timings_ms"]["solve"] = watch.lap_ms();
  json["solver"] = solver_json(result->report);
  warn_about(result->report, image, outcome);
  write_results(run, image, input, *result, targets, outcome, watch);
  targets.staged.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["timings_ms"]["total"] = watch.total_ms();
  outcome.line = spoken_line(run, targets, json);
}

int run_matte(const MatteOptions& given) {
  Run run = prepare(given);
  const MatteOptions& o = run.options;
  for (const Place* place : {&run.alpha, &run.foreground, &run.composite, &run.cutout}) place->make_folder();
  std::vector<Job> jobs;
  for (const std::string& image : expand_inputs(o.image).files) {
    run.claims.claim(run.alpha.of(image), image);
    jobs.push_back({image, [&run, image](Outcome& outcome) { matte_one(run, image, outcome); }});
  }
  Batch batch{"matte", run.several, false, {}, {}};
  for (const auto* s : {&o.alpha, &o.foreground, &o.composite, &o.cutout})
    batch.standard_output_taken = batch.standard_output_taken || *s == "-";
  batch.head = {{"method", run.method->name}, {"engine", "headers"}, {"device", o.device}, {"precision", o.precision}};
  return run_batch(batch, jobs, o.common, o.batch);
}

void add_solver_options(CLI::App& verb, MatteOptions& o) {
  const std::map<std::string, Preconditioner> preconditioners{{"auto", Preconditioner::automatic},
                                                              {"none", Preconditioner::none},
                                                              {"jacobi", Preconditioner::jacobi},
                                                              {"ichol", Preconditioner::incomplete_cholesky},
                                                              {"multigrid", Preconditioner::multigrid}};
  const std::string group = "Solver";
  verb.add_option("--precision", o.precision, "f64 or f32")->check(CLI::IsMember({"f32", "f64"}))->group(group);
  verb.add_option("--preconditioner", o.preconditioner, "auto, none, jacobi, ichol or multigrid")
      ->transform(CLI::CheckedTransformer(preconditioners))
      ->group(group);
  verb.add_option("--tolerance", o.tolerance, "Stop at this relative residual")
      ->check(CLI::Range(1e-15, 1.0))
      ->group(group);
  verb.add_option("--max-iterations", o.max_iterations, "Stop after so many steps")
      ->check(CLI::Range(1, 1000000000))
      ->group(group);
  verb.add_option("--epsilon", o.epsilon, "Regularisation of the method's local colour models")
      ->check(CLI::Range(1e-15, 1e3))
      ->group(group);
  verb.add_option("--radius", o.radius, "Radius of the method's windows in pixels")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--start", o.start, "An earlier alpha to start from (the last frame's, say)")->group(group);
  verb.add_option("--device", o.device, "Where to compute: cpu")->group(group);
}

}  // namespace

void add_matte(CLI::App& app, Action& action) {
  auto o = std::make_shared<MatteOptions>();
  CLI::App& verb = *app.add_subcommand("matte", "Find the alpha (and colour) of a picture's subject");
  std::string known;
  for (const Method& m : methods()) known += "\n  " + m.name + ": " + m.about;
  verb.add_option("IMAGE", o->image, "Picture, folder, quoted pattern, or - for standard input")->required();
  verb.add_option("OUT", o->alpha, "Where the alpha goes: .png or .exr, -, a folder, or a pattern (out/*.exr)")
      ->required();
  verb.add_option("-t,--trimap", o->trimap, "Black background, white foreground, grey unknown; or a folder of them");
  verb.add_option("-b,--background,--bgr", o->background, "The same view without the subject; or a folder of them");
  verb.add_option("-m,--method", o->method, "Default: cf with a trimap, plate with a background. One of" + known);
  verb.add_option("--foreground,--fgr", o->foreground, "Write the subject's own colour: straight RGB, never zeroed");
  verb.add_option("--composite,--com", o->composite, "Write the subject over what --over says");
  verb.add_option("--over", o->over,
                  "A picture, r,g,b (0..255), #rrggbb, or one of " + colour_names() + "; default screen (120,255,155)");
  verb.add_option("--cutout", o->cutout, "Write colour and alpha in one file: straight in PNG, associated in EXR");
  verb.add_option("--depth", o->depth, "Bits of the PNGs")->check(CLI::IsMember({8, 16}));
  verb.add_flag("--align", o->align, "The background was shot from the hand: find how it lies under the picture");
  add_solver_options(verb, *o);
  add_common_options(verb, o->common);
  add_batch_options(verb, o->batch);
  verb.footer(footer);
  verb.callback([o, &action] { action = [o] { return run_matte(*o); }; });
}

}  // namespace hairline::tool
