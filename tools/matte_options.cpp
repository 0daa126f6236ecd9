// The options of hairline matte, and which of them go together.
#include "matte_options.hpp"

#include <CLI/CLI.hpp>
#include <map>

#include "colour.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

const char* const footer =
    "OUT is the alpha. --over alone puts the composite beside it, named OUT's name + '_over'.\n"
    "A solver that stops at its iteration limit still gives its best alpha, with a warning and exit code 0;\n"
    "the JSON object's solver.status says so.\n"
    "A network is computed by --engine kernels, which must be in this build, or --engine reference, plain and slow.\n"
    "--device opencl or cuda computes it on a device of this machine (hairline info lists them); nothing falls back.\n"
    "--error has a pixel for each pixel of the coarse stage, --refined one for each cell of 4x4, white if refined.\n"
    "Examples:\n"
    "  hairline matte photo.png alpha.png --trimap trimap.png\n"
    "  hairline matte photo.jpg alpha.exr --trimap trimap.png -m knn --foreground colour.exr --json\n"
    "  hairline matte photo.png alpha.png --background empty.png --over '#204060' --composite result.png\n"
    "  hairline matte photo.jpg alpha.png --background from_the_hand.jpg --align\n"
    "  hairline matte photo.png alpha.png --background empty.png -m bgmv2-mobilenetv2 --weights bgm.pth --engine "
    "reference\n"
    "  hairline matte photos/ alphas/ --trimap trimaps/ --cutout cut/ --jobs 2\n"
    "  hairline matte 'shot/*.png' 'mattes/*_alpha.exr' --background plate.png\n"
    "  cat photo.png | hairline matte - - --trimap trimap.png > alpha.png";

void check_network(const MatteOptions& o, const Method& m) {
  const NetworkSettings& n = o.network;
  const auto refuse = [&](const std::string& what) { throw WrongUse{"method " + m.name + " has no " + what}; };
  if (!m.is_network() && !n.weights.empty()) refuse("--weights");
  if (!m.is_network() && !n.engine.empty()) refuse("--engine");
  if (!m.has_refinement) {
    if (!o.error.empty()) refuse("--error");
    if (!o.refined.empty()) refuse("--refined");
    if (n.backbone_scale) refuse("--backbone-scale");
    if (n.refine_mode) refuse("--refine-mode");
    if (n.refine_sample_pixels) refuse("--refine-sample-pixels");
    if (n.refine_threshold) refuse("--refine-threshold");
    if (n.refine_least_error) refuse("--refine-least-error");
    if (n.refine_fade) refuse("--refine-fade");
    if (n.refine_prevent_oversampling) refuse("--refine-prevent-oversampling");
    if (n.refine_kernel_size) refuse("--refine-kernel-size");
  }
  if (m.is_network() && n.weights.empty() && !m.brings_weights)
    throw NotAvailable{"method " + m.name + " needs --weights FILE, trained weights (.pth, .safetensors, .onnx)"};
}

void check_method(const MatteOptions& o, const Method& m) {
  const auto refuse = [&](const std::string& what) { throw WrongUse{"method " + m.name + " " + what}; };
  if (m.takes_plate && o.background.empty()) refuse("needs --background, the picture without the subject");
  if (!m.takes_plate && o.trimap.empty()) refuse("needs --trimap");
  if (o.epsilon && !m.has_epsilon) refuse("has no --epsilon");
  if (o.radius && !m.has_radius) refuse("has no --radius");
  if (o.align && !m.has_align) refuse("has no --align");
  if (o.settle && !m.has_settle) refuse("has no --settle");
  if (o.colours && !m.has_colours) refuse("has no --colours");
  if (!o.start.empty() && !m.has_start) refuse("has no --start");
  if (o.preconditioner != Preconditioner::automatic && !m.has_preconditioner) refuse("has no --preconditioner");
  if ((o.tolerance || o.max_iterations) && !m.iterates) refuse("does not iterate: no --tolerance, no --max-iterations");
  if (o.precision == "f64" && m.single_only) refuse("computes in f32: no --precision f64");
  if ((o.precision == "bf16" || o.precision == "f16") && (!m.is_network() || o.network.engine == "reference"))
    refuse("has no --precision " + o.precision + ": networks on compiled kernels have");
  check_network(o, m);
}

void add_solver_options(CLI::App& verb, MatteOptions& o) {
  const std::map<std::string, Preconditioner> preconditioners{{"auto", Preconditioner::automatic},
                                                              {"none", Preconditioner::none},
                                                              {"jacobi", Preconditioner::jacobi},
                                                              {"ichol", Preconditioner::incomplete_cholesky},
                                                              {"multigrid", Preconditioner::multigrid}};
  const std::string group = "Solver";
  verb.add_option("--precision", o.precision,
                  "f64 or f32, default f64; of networks f32 (default), bf16 on processors, f16 on devices")
      ->check(CLI::IsMember({"f32", "f64", "bf16", "f16"}))
      ->group(group);
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
  verb.add_option("--device", o.device, "Where to compute: cpu; of networks also opencl[:N] or cuda[:N]")->group(group);
}

void add_network_options(CLI::App& verb, MatteOptions& o) {
  const std::string group = "Networks";
  NetworkSettings& n = o.network;
  verb.add_option("-w,--weights", n.weights, "Trained weights: .pth, .pt, .safetensors or .onnx")->group(group);
  verb.add_option("--engine", n.engine, "What computes it: kernels (default) or reference")
      ->check(CLI::IsMember({"kernels", "reference"}))
      ->group(group);
  verb.add_option("--backbone-scale", n.backbone_scale,
                  "Size of the coarse stage (0.25; slim: so that its longer side has 480 pixels)")
      ->check(CLI::Range(1e-3, 1.0))
      ->group(group);
  verb.add_option("--refine-mode", n.refine_mode,
                  "sampling (default; slim: none at scales above 2/3), thresholding, full or none")
      ->check(CLI::IsMember({"sampling", "thresholding", "full", "none"}))
      ->group(group);
  verb.add_option("--refine-sample-pixels", n.refine_sample_pixels,
                  "Sampling: how many pixels to refine at most (80000; slim: 160000 at scales above 0.3)")
      ->check(CLI::Range(0, 1 << 30))
      ->group(group);
  verb.add_option("--refine-threshold", n.refine_threshold, "Thresholding: refine where the error is above (0.1)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--refine-least-error", n.refine_least_error,
                  "Sampling: only refine where the error is above this (0; slim: 0.05)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--refine-fade", n.refine_fade,
                  "From the least error that is refined, refinement fades in to (1 + this) times as much (0; slim: 1)")
      ->check(CLI::Range(0.0, 1e6))
      ->group(group);
  verb.add_option("--refine-prevent-oversampling", n.refine_prevent_oversampling,
                  "Sampling: leave cells without error alone (1), or not (0)")
      ->check(CLI::IsMember({"0", "1"}))
      ->group(group);
  verb.add_option("--refine-kernel-size", n.refine_kernel_size, "The refiner's convolutions: 3 (default) or 1")
      ->check(CLI::IsMember({1, 3}))
      ->group(group);
  verb.add_option("--error,--err", o.error, "Write where the network expects to be wrong")->group(group);
  verb.add_option("--refined,--ref", o.refined, "Write which cells of 4x4 pixels were refined")->group(group);
}

const char* const how_to_ask =
    "wanted --background or --trimap, given neither. --background is the same view without the subject: put the camera "
    "on something firm, lock focus, exposure and white balance, and shoot once with the subject and once without (from "
    "the hand: add --align). --trimap is drawn: white subject, black background, grey where that is not certain";

// What mattes if nobody says: with a background the network whose weights are in this program.
std::string default_method(const MatteOptions& o) {
  if (o.background.empty()) return "cf";
  const Method* slim = find_method("slim");
  return slim->brings_weights ? "slim" : "plate";
}

}  // namespace

const Method& choose_method(const MatteOptions& o) {
  if (o.trimap.empty() == o.background.empty())
    throw WrongUse{o.trimap.empty() ? how_to_ask : "wanted --trimap or --background, given both"};
  const std::string name = o.method.empty() ? default_method(o) : o.method;
  const Method* method = find_method(name);
  if (method == nullptr) {
    std::string known;
    for (const Method& m : methods()) known += (known.empty() ? "" : ", ") + m.name;
    throw WrongUse{"unknown method '" + name + "', wanted one of " + known};
  }
  check_method(o, *method);
  return *method;
}

void add_matte_options(CLI::App& verb, MatteOptions& options) {
  MatteOptions* const o = &options;
  std::string known;
  for (const Method& m : methods()) known += "\n  " + m.name + ": " + m.about;
  verb.add_option("IMAGE", o->image, "Picture, folder, quoted pattern, or - for standard input")->required();
  verb.add_option("OUT", o->alpha, "Where the alpha goes: .png or .exr, -, a folder, or a pattern (out/*.exr)")
      ->required();
  verb.add_option("-t,--trimap", o->trimap, "Black background, white foreground, grey unknown; or a folder of them");
  verb.add_option("-b,--background,--bgr", o->background, "The same view without the subject; or a folder of them");
  verb.add_option(
      "-m,--method", o->method,
      "Default: cf with a trimap; with a background slim if its weights are in this build, else plate. One of" + known);
  verb.add_option("--foreground,--fgr", o->foreground, "Write the subject's own colour: straight RGB, never zeroed");
  verb.add_option("--composite,--com", o->composite, "Write the subject over what --over says");
  verb.add_option("--over", o->over,
                  "A picture, r,g,b (0..255), #rrggbb, or one of " + colour_names() + "; default screen (120,255,155)");
  verb.add_option("--cutout", o->cutout, "Write colour and alpha in one file: straight in PNG, associated in EXR");
  verb.add_option("--depth", o->depth, "Bits of the PNGs")->check(CLI::IsMember({8, 16}));
  verb.add_option(
          "--islands", o->islands,
          "Pieces apart from the subject with less than this share of its alpha become background (0: none; slim: "
          "0.003)")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option(
          "--pits", o->pits,
          "Places enclosed by the subject of less than this share of its alpha are filled, unless they come down "
          "to the background or have less than a tenth of that, as gaps of hair (0: none; slim: 0.02)")
      ->check(CLI::Range(0.0, 1.0));
  verb.add_option(
          "--colours", o->colours,
          "Weigh the network's alpha against the colours of subject and background near each pixel: 1, or not: 0 "
          "(0; slim: 1)")
      ->check(CLI::IsMember({"0", "1"}));
  verb.add_flag("--align", o->align, "The background was shot from the hand: find how it lies under the picture");
  verb.add_option(
          "--settle", o->settle,
          "Find by how many pixels the background is off and how it is lit: 1, or take it as it is: 0 (0; slim: 1)")
      ->check(CLI::IsMember({"0", "1"}));
  add_solver_options(verb, *o);
  add_network_options(verb, *o);
  add_common_options(verb, o->common);
  add_batch_options(verb, o->batch);
  verb.footer(footer);
}

}  // namespace hairline::tool
