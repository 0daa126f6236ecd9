#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/pixel.hpp"
#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/paste_patches.hpp"
#include "tests/support/catch.hpp"
#if HAIRLINE_HAVE_KERNELS
#include "tests/kernels/refiner_support.hpp"
#include "tests/kernels/support.hpp"

using namespace hairline;
using namespace test;

namespace {
std::vector<kernels::Backend> refiners() {
  std::vector<kernels::Backend> all;
  for (kernels::CpuLevel level : kernels::all_cpu_levels)
    if (level <= kernels::machine_level()) all.push_back(kernels::cpu_backend(hairline_kernels_refiner_ops, level));
  return all;
}

/// One run of the reference, and what the kernels are given for it.
template <class T, int K>
struct Scene {
  Laid<T> src, bgr;
  int padded_width, padded_height;
  Weights weights;
  NetworkResults results;
  std::vector<float> coarse;
  static constexpr int pitch = 48;

  Scene(Shape shape, double scale, RefineMode mode, Layout src_layout = Layout::interleaved,
        Layout bgr_layout = Layout::interleaved)
      : src(shape, src_layout), bgr(shape, bgr_layout) {
    fill<T>(src.view(), 1);
    fill<T>(bgr.view(), 2);
    padded_width = (shape.width + 3) / 4 * 4;
    padded_height = (shape.height + 3) / 4 * 4;
    const Graph& g = graph<RefinerNet<K>>();
    weights = seeded_weights(g);
    RunOptions options;
    options.set("backbone_scale", scale);
    options.set("refine_mode", static_cast<double>(mode));
    options.set("refine_sample_pixels", 16 * 50);
    auto done = run_reference(g, weights, {tensor(src.read()), tensor(bgr.read())}, options);
    REQUIRE(done);
    results = std::move(*done);
    const TensorShape& s = results.at("pha_sm").shape;
    // What lies between the channels and the pitch is another value: anything at all.
    coarse.assign(static_cast<std::size_t>(s.height * s.width * pitch), 1e30f);
    lay(results.at("pha_sm"), 0, pitch, coarse);
    lay(results.at("residual_sm"), 1, pitch, coarse);
    lay(results.at("err_sm"), 4, pitch, coarse);
    lay(results.at("hid_sm"), 5, pitch, coarse);
  }

  Argument coarse_argument() {
    const TensorShape& s = results.at("pha_sm").shape;
    return {coarse.data(), {{0, 37, 1}, {0, s.width, pitch}, {0, s.height, s.width * pitch}}};
  }

  static Tensor tensor(View<const T> v) {
    Tensor t(TensorShape{1, v.height(), v.width(), 3});
    for (int y = 0; y < v.height(); ++y)
      for (int x = 0; x < v.width(); ++x)
        for (int c = 0; c < 3; ++c) t.at(0, y, x)[c] = PixelTraits<T>::template to_unit<float>(v(y, x, c));
    return t;
  }
};

/// The refiner's kernel on tiles: alpha and residual, 4 numbers a pixel, tile after tile.
template <class T, int K>
std::vector<float> refine(const kernels::Backend& on, Scene<T, K>& scene, const std::string& kernel, int tile_w,
                          int tile_h, std::vector<std::int32_t> cells) {
  const int n = static_cast<int>(cells.size() / 2);
  std::vector<float> patches(static_cast<std::size_t>(n * tile_w * tile_h * 64), 77.0f);
  Argument src = picture(scene.src.read()), bgr = picture(scene.bgr.read()), coarse = scene.coarse_argument();
  Argument list = dense(cells.data(), {2, n}), out = dense(patches.data(), {4, 4 * tile_w, 4 * tile_h, n});
  const Folded layers[] = {
      fold(scene.weights, "refiner.conv1", "refiner.bn1"), fold(scene.weights, "refiner.conv2", "refiner.bn2"),
      fold(scene.weights, "refiner.conv3", "refiner.bn3"), fold(scene.weights, "refiner.conv4", "")};
  std::vector<Argument> weights, biases;
  std::vector<std::vector<float>> packed;
  for (const Folded& f : layers) {
    weights.push_back(dense(static_cast<float*>(nullptr), {0, 0, 0, 0, 0}));
    biases.push_back(dense(const_cast<float*>(f.bias.data()), {f.out}));
  }
  std::int32_t width = scene.padded_width, height = scene.padded_height, tasks = 3;
  const auto run = [&] {
    std::vector<void*> arguments = {src.pointer(), bgr.pointer(), coarse.pointer(), list.pointer()};
    for (Argument& w : weights) arguments.push_back(w.pointer());
    for (Argument& b : biases) arguments.push_back(b.pointer());
    for (std::int32_t* v : {&width, &height, &tasks}) arguments.push_back(v);
    arguments.push_back(out.pointer());
    return call(on, kernel, arguments);
  };
  REQUIRE(run() == "");  // the bounds query
  for (std::size_t i = 0; i < 4; ++i) packed.push_back(pack(layers[i], weights[i].axes()));
  for (std::size_t i = 0; i < 4; ++i) weights[i].set(packed[i].data());
  REQUIRE(run() == "");
  return patches;
}

/// Tiles over the corners, edges and middle of a picture of cw x ch cells, in no order, one of them twice.
std::vector<std::int32_t> some_tiles(int cw, int ch, int tile_w, int tile_h, int most) {
  std::vector<std::int32_t> cells;
  const int right = std::max(cw - tile_w, 0), bottom = std::max(ch - tile_h, 0);
  for (const auto& [x, y] : {std::pair{right, bottom},
                             {0, 0},
                             {right, 0},
                             {0, bottom},
                             {right / 2, bottom / 2},
                             {0, 0},
                             {cw - 1, ch - 1}})  // the last one hangs over if it has more than a cell
    cells.insert(cells.end(), {x, y});
  for (int i = 0; i < most; ++i) cells.insert(cells.end(), {(i * 7 + 3) % (right + 1), (i * 5 + 1) % (bottom + 1)});
  return cells;
}

/// Patches against the dense plane of the reference. 1e-4 of the plane's range: sums of up to 378 products of order 1
/// in another order, four layers deep, part from each other by 1e-6 to 1e-5.
template <class T, int K>
void check_patches(const std::string& kernel, Shape shape, double scale, int tile_w, int tile_h, Layout src_layout,
                   Layout bgr_layout) {
  Scene<T, K> scene(shape, scale, RefineMode::full, src_layout, bgr_layout);
  const Tensor& plane = scene.results.at("patches");
  float range = 0;
  for (float v : plane.data) range = std::max(range, std::abs(v));
  const auto cells = some_tiles(scene.padded_width / 4, scene.padded_height / 4, tile_w, tile_h, 20);
  for (const kernels::Backend& on : refiners()) {
    INFO(label(on, shape, kernel.c_str()) << " scale " << scale);
    const auto patches = refine(on, scene, kernel, tile_w, tile_h, cells);
    float worst = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < cells.size(); i += 2)
      for (int y = 0; y < 4 * tile_h; ++y)
        for (int x = 0; x < 4 * tile_w; ++x, at += 4) {
          const int py = 4 * cells[i + 1] + y, px = 4 * cells[i] + x;
          if (py >= plane.shape.height || px >= plane.shape.width) continue;
          for (std::size_t c = 0; c < 4; ++c) {
            const float difference = std::abs(patches[at + c] - plane.at(0, py, px)[c]);
            if (!(difference <= worst)) worst = difference;  // NaN stays
          }
        }
    CHECK(worst / range < 1e-4f);
  }
}
/// The biggest distance of stored pixels from exact ones, beyond half a step of an integer type.
template <class T>
float distance(View<const T> stored, const Tensor& exact) {
  const float full = static_cast<float>(PixelTraits<T>::full), half = std::is_floating_point_v<T> ? 0.0f : 0.5f;
  float worst = 0;
  for (int y = 0; y < stored.height(); ++y)
    for (int x = 0; x < stored.width(); ++x)
      for (int c = 0; c < stored.channels(); ++c) {
        const float d = (std::abs(static_cast<float>(stored(y, x, c)) - exact.at(0, y, x)[c] * full) - half) / full;
        if (!(d <= worst)) worst = d;
      }
  return worst;
}

/// pha * fgr + (1 - pha) * backdrop.
template <class B>
Tensor over(const NetworkResults& r, View<const B> backdrop) {
  Tensor com = r.at("fgr");
  for (int y = 0; y < com.shape.height; ++y)
    for (int x = 0; x < com.shape.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float a = r.at("pha").at(0, y, x)[0], b = PixelTraits<B>::template to_unit<float>(backdrop(y, x, c));
        com.at(0, y, x)[c] = a * com.at(0, y, x)[c] + (1 - a) * b;
      }
  return com;
}

/// The finishing kernel and the pasting of refined cells, against the reference's results. 1e-5: sums of a few products
/// of order 1, in another order.
template <class T, class R, class B>
void check_finish(const std::string& kernel, Shape shape, double scale, RefineMode mode, Layout in, Layout out,
                  bool with_over, bool single_colour = false) {
  Scene<T, 3> scene(shape, scale, mode, in, Layout::interleaved);
  const Tensor &pha = scene.results.at("pha"), &fgr = scene.results.at("fgr");
  Laid<B> backdrop(shape, in);
  fill<B>(backdrop.view(), 3);
  const View<const B> behind =
      single_colour ? View<const B>(backdrop.read().data(), shape, Strides{0, 0, backdrop.read().strides().c})
                    : backdrop.read();
  std::vector<std::int32_t> cells;
  const Tensor& chosen = scene.results.at("cells");
  for (int n = 0; n < chosen.shape.batch; ++n)
    for (int i : {2, 1}) cells.push_back(static_cast<std::int32_t>(chosen.at(n, 0, 0)[i]));
  REQUIRE(cells.empty() == (mode == RefineMode::none));
  for (const kernels::Backend& on : refiners()) {
    INFO(label(on, shape, kernel.c_str()) << " scale " << scale << " " << name(in) << " -> " << name(out));
    Laid<R> foreground(shape, out), composite(shape, out);
    Laid<R> alpha(Shape{shape.height, shape.width, 1}, out);
    Argument src = picture(scene.src.read()), coarse = scene.coarse_argument(), back = picture(behind);
    Argument front = picture(foreground.view()), joined = picture(composite.view());
    const View<R> a = alpha.view();
    Argument plane(
        a.data(),
        {{0, a.width(), static_cast<int>(a.strides().x)}, {0, a.height(), static_cast<int>(a.strides().y)}, {0, 3, 0}});
    std::int32_t width = scene.padded_width, height = scene.padded_height, tasks = 3;
    std::vector<void*> arguments = {src.pointer(), coarse.pointer(), &width, &height, &tasks};
    if (with_over) arguments.push_back(back.pointer());
    arguments.insert(arguments.end(), {front.pointer(), plane.pointer()});
    if (with_over) arguments.push_back(joined.pointer());
    REQUIRE(call(on, kernel, arguments) == "");
    if (!cells.empty()) {
      const auto patches = refine(on, scene, "refine_cells_u8_k3_1x1", 1, 1, cells);
      kernels::PastePictures<T, R, R, B> to{scene.src.read(), alpha.view(), foreground.view(), {}, {}};
      if (with_over) to.backdrop = behind, to.composite = composite.view();
      kernels::paste_patches(patches.data(), 1, 1, cells, to);
    }
    // Refined cells come from the whole refiner: 1e-4 as above, 1e-5 where there is only interpolation.
    const float most = cells.empty() ? 1e-5f : 1e-4f;
    CHECK(distance<R>(alpha.read(), pha) < most);
    CHECK(distance<R>(foreground.read(), fgr) < most);
    if (with_over) CHECK(distance<R>(composite.read(), over<B>(scene.results, behind)) < most);
    for (int pass : {0, 1}) {  // and nothing outside the pictures was touched
      Laid<R>& laid = pass == 0 ? foreground : alpha;
      CHECK(laid.strays() == 0);
    }
  }
}
}  // namespace

TEST_CASE("refined cells equal the reference refiner") {
  struct Size {
    int height, width;
    double scale;
  };
  const Size s = GENERATE(Size{64, 96, 0.25}, Size{37, 53, 0.25}, Size{40, 48, 0.5}, Size{67, 90, 0.125},
                          Size{16, 16, 0.3}, Size{5, 3, 0.25}, Size{4, 4, 1.0});
  const Shape shape{s.height, s.width, 3};
  check_patches<std::uint8_t, 3>("refine_cells_u8_k3_1x1", shape, s.scale, 1, 1, Layout::interleaved, Layout::padded);
  check_patches<std::uint8_t, 3>("refine_cells_u8_k3_4x1", shape, s.scale, 4, 1, Layout::bgr, Layout::planar);
  check_patches<std::uint8_t, 3>("refine_cells_u8_k3_4x4", shape, s.scale, 4, 4, Layout::planar, Layout::every_other);
  check_patches<float, 3>("refine_cells_f32_k3_1x1", shape, s.scale, 1, 1, Layout::crop, Layout::planar_reversed);
  check_patches<std::uint16_t, 1>("refine_cells_u16_k1_1x1", shape, s.scale, 1, 1, Layout::upside_down,
                                  Layout::interleaved);
  check_patches<float, 1>("refine_cells_f32_k1_4x4", shape, s.scale, 4, 4, Layout::interleaved, Layout::crop);
}

TEST_CASE("the finished picture equals the reference") {
  struct Size {
    int height, width;
    double scale;
  };
  const Size s = GENERATE(Size{64, 96, 0.25}, Size{37, 53, 0.25}, Size{40, 48, 0.5}, Size{67, 90, 0.125},
                          Size{64, 128, 0.125}, Size{16, 16, 0.3}, Size{5, 3, 0.25}, Size{1, 1, 1.0});
  const Shape shape{s.height, s.width, 3};
  const auto none = RefineMode::none;
  for (Layout in : {Layout::interleaved, Layout::planar, Layout::bgr})
    for (Layout out : {Layout::interleaved, Layout::planar, Layout::crop, Layout::every_other}) {
      check_finish<std::uint8_t, std::uint8_t, std::uint8_t>("finish_u8_u8", shape, s.scale, none, in, out, false);
      check_finish<float, float, float>("finish_f32_f32", shape, s.scale, none, in, out, false);
      check_finish<std::uint8_t, std::uint8_t, std::uint8_t>("finish_u8_u8_over_u8", shape, s.scale, none, in, out,
                                                             true);
    }
  const Layout rgb = Layout::interleaved;
  check_finish<std::uint16_t, std::uint16_t, float>("finish_u16_u16", shape, s.scale, none, rgb, rgb, false);
  check_finish<std::uint8_t, float, float>("finish_u8_f32", shape, s.scale, none, rgb, rgb, false);
  check_finish<float, std::uint16_t, float>("finish_f32_u16_over_f32", shape, s.scale, none, Layout::planar,
                                            Layout::planar, true);
  check_finish<float, std::uint16_t, float>("finish_f32_u16_over_f32", shape, s.scale, none, rgb, rgb, true, true);
}

TEST_CASE("refined cells are pasted over the finished picture") {
  const auto scale = GENERATE(0.25, 0.5);
  for (Layout out : {Layout::interleaved, Layout::planar_reversed}) {
    check_finish<std::uint8_t, std::uint8_t, std::uint8_t>("finish_u8_u8", Shape{61, 75, 3}, scale,
                                                           RefineMode::sampling, Layout::interleaved, out, false);
    check_finish<std::uint8_t, std::uint8_t, std::uint8_t>("finish_u8_u8_over_u8", Shape{61, 75, 3}, scale,
                                                           RefineMode::sampling, Layout::bgr, out, true);
  }
}
#endif
