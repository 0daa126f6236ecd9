// Background Matting V2 (Lin 2021), one method an encoder, and its slim sibling.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "../default_weights.hpp"
#include "../wrong_use.hpp"
#include "hairline/composite/islands.hpp"
#include "hairline/composite/pits.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/slim_matting.hpp"
#include "network.hpp"

namespace hairline::tool {

namespace {

constexpr std::array<const char*, 4> modes{"sampling", "thresholding", "full", "none"};  // as RefineMode counts

RefineMode mode_of(const std::string& name) {
  for (std::size_t i = 0; i < modes.size(); ++i)
    if (name == modes[i]) return static_cast<RefineMode>(i);
  throw WrongUse{"unknown --refine-mode '" + name + "'"};
}

// The graphs of one network, as `hairline net list` names them.
struct Graphs {
  std::string whole, coarse, base;
  std::string kernel1{};               // with the refiner of kernel 1, if there is one
  BackgroundMattingV2Options usual{};  // where the command line says nothing else
  double largest_scale = 0.5;          // of the coarse stage, where cells are refined
};

// Nothing refined: the graph without a refiner, so that weights need none; at scale 1 the coarse network alone.
std::string graph_name(const Graphs& graphs, const BackgroundMattingV2Options& o, int kernel) {
  if (kernel == 1 && graphs.kernel1.empty()) throw WrongUse{"method " + graphs.whole + " has no refiner of kernel 1"};
  if (o.refine_mode == RefineMode::none) return o.backbone_scale == 1 ? graphs.base : graphs.coarse;
  return kernel == 1 ? graphs.kernel1 : graphs.whole;
}

NetworkPlan plan(const Graphs& graphs, const NetworkSettings& s) {
  BackgroundMattingV2Options o = graphs.usual;
  if (s.refine_mode) o.refine_mode = mode_of(*s.refine_mode);
  o.backbone_scale = s.backbone_scale.value_or(o.backbone_scale);
  o.refine_sample_pixels = s.refine_sample_pixels.value_or(o.refine_sample_pixels);
  o.refine_threshold = s.refine_threshold.value_or(o.refine_threshold);
  o.refine_prevent_oversampling = s.refine_prevent_oversampling.value_or(o.refine_prevent_oversampling);
  o.refine_least_error = s.refine_least_error.value_or(o.refine_least_error);
  o.refine_fade = s.refine_fade.value_or(o.refine_fade);
  const int kernel = s.refine_kernel_size.value_or(3);
  const bool none = o.refine_mode == RefineMode::none;
  if (o.backbone_scale > graphs.largest_scale && !none)
    throw WrongUse{"wanted --backbone-scale of 0.5 at most where cells are refined (1 with --refine-mode none)"};
  NetworkPlan p;
  p.network = find_network(graph_name(graphs, o, kernel));
  p.options = o;
  if (none) p.unread = {"refiner."};
  p.described = {{"backbone_scale", o.backbone_scale},
                 {"refine_mode", modes[static_cast<std::size_t>(o.refine_mode)]},
                 {"refine_sample_pixels", o.refine_sample_pixels},
                 {"refine_threshold", o.refine_threshold},
                 {"refine_prevent_oversampling", o.refine_prevent_oversampling},
                 {"refine_least_error", o.refine_least_error},
                 {"refine_fade", o.refine_fade},
                 {"refine_kernel_size", kernel}};
  return p;
}

std::vector<AnyView> inputs(AnyView picture, AnyView plate) { return {picture, plate}; }

Matte results(NamedImages found) {
  Matte matte;
  matte.alpha = std::move(found.at("pha"));
  if (const auto colour = found.find("fgr"); colour != found.end()) matte.foreground = std::move(colour->second);
  const bool base = found.count("err") != 0;
  matte.error = std::move(found.at(base ? "err" : "err_sm"));
  if (const auto cells = found.find("ref_sm"); cells != found.end()) {
    matte.refined = std::move(cells->second);
  } else {
    matte.refined = Plane(Shape{(matte.alpha.height() + 3) / 4, (matte.alpha.width() + 3) / 4, 1});
  }
  return matte;
}

// [method]
Method method(Method named, const Graphs& graphs,
              RunOptions (*sized)(const NetworkSettings&, RunOptions, const Shape&) = nullptr) {
  NetworkMethod n;
  n.method = std::move(named);
  n.method.takes_plate = true;
  n.method.has_align = true;
  n.method.has_refinement = true;
  n.method.has_settle = true;
  n.method.has_colours = true;
  n.plan = [graphs](const NetworkSettings& s) { return plan(graphs, s); };
  n.inputs = inputs;
  n.results = results;
  n.colour = "fgr";
  if (sized != nullptr) n.sized = sized;
  return network_method(n);
}

// The coarse stage's scale goes by the picture's size, and by that scale, unless asked for, how much is refined.
RunOptions slim_sized(const NetworkSettings& s, RunOptions options, const Shape& picture) {
  const double scale = s.backbone_scale.value_or(slim_backbone_scale(picture.height, picture.width));
  options.set("backbone_scale", scale);
  const BackgroundMattingV2Options usual = slim_options(scale);
  if (!s.refinement_asked()) options.set("refine_mode", static_cast<int>(usual.refine_mode));
  if (!s.refine_sample_pixels) options.set("refine_sample_pixels", usual.refine_sample_pixels);
  return options;
}

Method bgmv2(const std::string& encoder, const std::string& about) {
  Method m;
  m.name = "bgmv2-" + encoder;
  m.long_name = "background_matting_v2_" + encoder;
  m.about = "Background Matting V2 (Lin 2021), " + about + "; needs --weights";
  return method(m, {m.name, "bgmv2-coarse-" + encoder, "bgmv2-base-" + encoder, m.name + "-k1"});
}
// [/method]

}  // namespace

Method bgmv2_mobilenetv2_method() { return bgmv2("mobilenetv2", "MobileNetV2 encoder"); }
Method bgmv2_resnet50_method() { return bgmv2("resnet50", "ResNet-50 encoder"); }
Method bgmv2_resnet101_method() { return bgmv2("resnet101", "ResNet-101 encoder"); }

Method slim_method() {
  Method m;
  m.name = "slim";
  m.long_name = "slim_matting";
  m.islands = IslandOptions{}.share;
  m.pits = PitOptions{}.share;
  m.settle = true;
  m.colours = true;
  m.brings_weights = !default_weights().empty();
  m.about = "a slim sibling of Background Matting V2";
  m.about += m.brings_weights ? "; the default with a background" : "; needs --weights";
  return method(m, {"slim", "slim-coarse", "slim-base", "", slim_options(0.25), 1}, slim_sized);
}

}  // namespace hairline::tool
