#include <Halide.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "lowering/bilinear.hpp"
#include "lowering/device.hpp"
#include "lowering/layout.hpp"
#include "lowering/winograd_rows.hpp"

namespace {
using namespace Halide;

/// The refiner of Background Matting V2 on a list of tiles of cells (a cell is 4x4 pixels of the picture). A lane of
/// every vector is a tile: the arithmetic is the same in each, so that all vectors are full whatever the channel counts
/// of the convolutions, and weights are scalars. What one group of tiles needs stays in the second-level cache.
///
/// Per tile and axis, with `half` = 3 (kernel 3) or 0 (kernel 1): features of 2 tile + 2 half samples at half
/// resolution (coarse channels resized bilinearly, pictures by means of 2x2, zero outside the picture), two
/// convolutions, nearest upsampling, joined with the pictures at full resolution, two convolutions. All convolutions
/// are valid ones.
class RefineCells : public Generator<RefineCells> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, tile_w{"tile_w", 1}, tile_h{"tile_h", 1};
  GeneratorParam<int> pitch{"pitch", 48};  ///< of the coarse buffer
  GeneratorParam<int> alpha_at{"alpha_at", 0}, residual_at{"residual_at", 1}, hidden_at{"hidden_at", 5};
  GeneratorParam<int> hidden{"hidden", 32}, width0{"width0", 24}, width1{"width1", 16}, width2{"width2", 12};

  // Schedule knobs.
  GeneratorParam<int> lanes{"lanes", 0};                     ///< tiles side by side; 0: the vectors of the machine
  GeneratorParam<int> form0{"form0", 0}, form1{"form1", 0};  ///< Winograd's; 0: the largest that divides, 1: direct
  GeneratorParam<int> tile_c0{"tile_c0", 0}, tile_c1{"tile_c1", 0}, tile_c2{"tile_c2", 0};
  GeneratorParam<int> tile_x0{"tile_x0", 0}, tile_x1{"tile_x1", 0}, tile_x2{"tile_x2", 0}, tile_x3{"tile_x3", 0};

  Input<Buffer<void, 3>> picture0{"picture0"}, picture1{"picture1"};  // x, y, c: picture and plate
  Input<Buffer<float, 3>> coarse{"coarse"};                           // c, x, y, activated
  Input<Buffer<int32_t, 2>> cells{"cells"};                           // (column, row) in cells, tile
  Input<Buffer<float, 5>> weights0{"weights0"}, weights1{"weights1"}, weights2{"weights2"}, weights3{"weights3"};
  Input<Buffer<float, 1>> bias0{"bias0"}, bias1{"bias1"}, bias2{"bias2"}, bias3{"bias3"};
  Input<int> padded_width{"padded_width"}, padded_height{"padded_height"};  // multiples of 4
  Input<int> tasks{"tasks"};                                                // pieces of the list worked on at a time
  Output<Buffer<float, 4>> patches{"patches"};                              // c (alpha, residual), x, y, tile

  void generate() {
    choose_tiles();
    const Expr count = max(patches.dim(3).extent(), 1);
    const Expr tile = clamp(g * block + l, 0, count - 1);  // the last group repeats the last tile
    column(l, g) = cells(0, tile);
    row(l, g) = cells(1, tile);
    take_pictures();
    take_features();

    transformed(
        0, [&](Expr i, Expr sx, Expr sy) { return features(l, i, sx, sy, g); }, hidden + 10, weights0);
    transformed(
        1, [&](Expr i, Expr sx, Expr sy) { return act[0](l, i, sx, sy, g); }, width0, weights1);
    convolve_upsampled();
    convolve(
        3, [&](Expr i, Expr sx, Expr sy) { return act[2](l, i, sx, sy, g); }, width2, weights3);
    patches(c, x, y, t) = act[3](t % block, c, x, y, t / block);

    for (auto* p : {&picture0, &picture1}) layout::picture(*p, 3);
    coarse.dim(0).set_stride(1).set_min(0);
    coarse.dim(1).set_stride(pitch).set_min(0);
    coarse.dim(2).set_min(0);
    cells.dim(0).set_bounds(0, 2);
    cells.dim(1).set_min(0);
    const int side_w = 4 * tile_w, side_h = 4 * tile_h;
    patches.dim(0).set_bounds(0, 4);
    patches.dim(1).set_bounds(0, side_w).set_stride(4);
    patches.dim(2).set_bounds(0, side_h).set_stride(4 * side_w);
    patches.dim(3).set_min(0).set_stride(4 * side_w * side_h);
    Input<Buffer<float, 1>>* biases[] = {&bias0, &bias1, &bias2, &bias3};
    for (int i = 0; i < 4; ++i) biases[i]->dim(0).set_stride(1).set_min(0);
  }

  void schedule() {
    if (device::chosen(get_target())) return schedule_device();
    patches.bound(c, 0, 4)
        .bound(x, 0, 4 * tile_w)
        .bound(y, 0, 4 * tile_h)
        .split(t, gi, l, block, TailStrategy::GuardWithIf);
    const Expr groups = (patches.dim(3).extent() + block - 1) / block;
    patches.split(gi, go, gi, max((groups + tasks - 1) / max(tasks, 1), 1), TailStrategy::GuardWithIf)
        .reorder(c, x, y, l, gi, go)
        .unroll(c)
        .parallel(go)
        .never_partition(l, gi, go);
    for (Func f : {column, row}) f.compute_at(patches, gi).bound(l, 0, block).bound_extent(g, 1);
    for (Func f : tables) f.compute_root();
    schedule_input();
    for (int i = 0; i < 4; ++i) {
      const Size s = extent[i];
      act[i].bound(l, 0, block).bound(c, 0, s.channels).bound(x, 0, s.width).bound(y, 0, s.height);
      act[i].compute_at(patches, gi).hoist_storage(patches, go).bound_extent(g, 1);
      if (s.form > 1) {
        schedule_transformed(i);
        continue;
      }
      act[i]
          .split(c, co, c, s.block_c)
          .split(x, xo, x, s.block_x)
          .reorder(l, c, x, xo, y, co)
          .vectorize(l)
          .unroll(c)
          .unroll(x);
      conv[i].compute_at(act[i], xo).store_in(MemoryType::Stack).bound(l, 0, block);
      conv[i].bound_extent(c, s.block_c).bound_extent(x, s.block_x).bound_extent(y, 1).bound_extent(g, 1);
      conv[i].vectorize(l).unroll(c).unroll(x);
      for (int u = 0; u < conv[i].num_update_definitions(); ++u) {
        const auto r = conv[i].rvars(u);
        conv[i].update(u).reorder(l, c, x, r[0], r[1], r[2]).vectorize(l).unroll(c).unroll(x);
        if (u > 0) conv[i].update(u).unroll(r[0]);
      }
    }
    collapsed.compute_root();
  }

 private:
  struct Size {
    int channels = 0, width = 0, height = 0, block_c = 1, block_x = 1;
    int form = 1;  ///< Winograd's F(form x form)
  };
  Var c{"c"}, x{"x"}, y{"y"}, t{"t"}, l{"l"}, g{"g"}, gi{"gi"}, go{"go"}, co{"co"}, xo{"xo"};
  Func column{"column"}, row{"row"}, features{"features"}, collapsed{"collapsed"};
  Func resized[2] = {Func("resized_hidden"), Func("resized_base")};
  Func window[2] = {Func("window0"), Func("window1")};
  Func detail[2] = {Func("detail0"), Func("detail1")};
  Func down[2] = {Func("down0"), Func("down1")}, turned[2] = {Func("turned0"), Func("turned1")};
  Func product[2] = {Func("product0"), Func("product1")}, products[2] = {Func("products0"), Func("products1")};
  Func up[2] = {Func("up0"), Func("up1")}, back[2] = {Func("back0"), Func("back1")};
  Var i{"i"}, j{"j"}, tx{"tx"}, ty{"ty"};
  Func conv[4] = {Func("conv0"), Func("conv1"), Func("conv2"), Func("conv3")};
  Func act[4] = {Func("act0"), Func("act1"), Func("act2"), Func("act3")};
  std::vector<Func> tables;
  Size extent[4];
  int block = 0, half_pad = 0, full_pad = 0;

  /// The best register tile that fits: accumulators, the weights of its channels (which are loaded once for all pixels)
  /// and an input. Two loads and two multiply-adds a cycle, and ten sums on their way to keep the latter busy.
  Size sized(int channels, int width, int height, int want_c, int want_x, int step_x = 1) {
    Size best{channels, width, height, 1, step_x};
    const Target& target = get_target();
    const int registers = target.has_feature(Target::AVX512) ? 31 : target.has_feature(Target::FMA) ? 15 : 14;
    const int vectors = (block + natural_vector_size<float>() - 1) / natural_vector_size<float>();
    const double broadcast = target.has_feature(Target::AVX) ? 1 : 2;
    double least = 1e9;
    for (int bc = 1; bc <= channels; ++bc)
      for (int bx = step_x; bx <= width; bx += step_x) {
        if (channels % bc != 0 || width % bx != 0) continue;
        if ((want_c != 0 && bc != want_c) || (want_x != 0 && bx != want_x)) continue;
        const bool asked = want_c != 0 && want_x != 0;
        const int sums = bc * bx * vectors;
        if (!asked && sums + (bx > 1 ? bc : 1) + vectors > registers) continue;
        const double loads = (1.2 * bx * vectors + broadcast * bc) / sums;
        const double cost = std::max({1.0, loads, 10.0 / sums}) + 0.01 * loads;
        if (cost < least) least = cost, best.block_c = bc, best.block_x = bx;
      }
    return best;
  }

  void choose_tiles() {
    block = lanes != 0 ? static_cast<int>(lanes) : device::chosen(get_target()) ? 1 : natural_vector_size<float>();
    half_pad = kernel == 3 ? 3 : 0;
    full_pad = kernel == 3 ? 2 : 0;
    const int ring = kernel - 1, w = tile_w, h = tile_h;
    extent[0] = sized(width0, 2 * (w + half_pad) - ring, 2 * (h + half_pad) - ring, tile_c0, tile_x0);
    extent[1] = sized(width1, 2 * (w + half_pad) - 2 * ring, 2 * (h + half_pad) - 2 * ring, tile_c1, tile_x1);
    for (int k : {0, 1}) choose_form(extent[k], k == 0 ? form0 : form1);
    extent[2] = sized(width2, 4 * w + ring, 4 * h + ring, tile_c2, tile_x2, 2);
    extent[3] = sized(4, 4 * w, 4 * h, 4, tile_x3);
  }

  /// Tiles of results that Winograd's products give, and as many sums at a time as registers hold.
  void choose_form(Size& s, int wanted) const {
    if (kernel != 3 || device::chosen(get_target())) return;
    for (int m = 6; m > 1 && s.form == 1; --m)
      if (s.width % m == 0 && s.height % m == 0 && (wanted == 0 || wanted == m)) s.form = m;
    if (s.form == 1) return;
    const int most = get_target().has_feature(Target::AVX512) ? 28 : 13;
    const int vectors = (block + natural_vector_size<float>() - 1) / natural_vector_size<float>();
    for (int bc = 1; bc <= s.channels && bc * vectors <= most; ++bc)
      if (s.channels % bc == 0) s.block_c = bc;
  }

  /// The first two convolutions by Winograd's products, if a form divides their results: each patch is a whole number
  /// of tiles. Direct otherwise.
  template <class Source, class Weights>
  void transformed(int k, Source source, int in, Weights& w) {
    const int m = extent[k].form, b = extent[k].block_c;
    if (m == 1) return convolve(k, source, in, w);
    down[k](l, c, i, j, tx, ty, g) =
        winograd::input_transform(m, j, [&](int n) { return source(c, tx * m + i, ty * m + n); });
    turned[k](l, c, i, j, tx, ty, g) =
        winograd::input_transform(m, i, [&](int n) { return down[k](l, c, n, j, tx, ty, g); });
    RDom r(0, in, "r" + std::to_string(k));
    product[k](l, c, i, j, tx, ty, g) += w(c % b, r, i, j, c / b) * turned[k](l, r, i, j, tx, ty, g);
    products[k](l, c, i, j, tx, ty, g) = product[k](l, c, i, j, tx, ty, g);
    up[k](l, c, i, j, tx, ty, g) =
        winograd::output_transform(m, i, [&](int n) { return products[k](l, c, n, j, tx, ty, g); });
    back[k](l, c, i, j, tx, ty, g) =
        winograd::output_transform(m, j, [&](int n) { return up[k](l, c, i, n, tx, ty, g); });
    Input<Buffer<float, 1>>* biases[] = {&bias0, &bias1};
    act[k](l, c, x, y, g) = max(back[k](l, c, x % m, y % m, x / m, y / m, g) + (*biases[k])(c), 0.0f);
    pack(w, k, in, m + 2);
  }

  void schedule_transformed(int k) {
    const Size s = extent[k];
    const int m = s.form, n = m + 2, across = s.width / m, along = s.height / m;
    const int in = k == 0 ? hidden + 10 : static_cast<int>(width0);
    Var xi("xi"), yi("yi"), xo("xo"), yo("yo");
    act[k].split(x, xo, xi, m).split(y, yo, yi, m).reorder(l, xi, yi, c, xo, yo).vectorize(l).unroll(xi).unroll(yi);
    const auto tiles = [&](Func f, int size_i, int size_j) {
      f.bound(l, 0, block).bound(i, 0, size_i).bound(j, 0, size_j).bound_extent(g, 1).vectorize(l);
    };
    for (Func f : {down[k], turned[k], products[k]}) tiles(f, n, n);
    tiles(up[k], m, n);
    tiles(back[k], m, m);
    turned[k].bound(c, 0, in).bound(tx, 0, across).bound(ty, 0, along);
    turned[k].compute_at(patches, gi).hoist_storage(patches, go).reorder(l, i, j, c, tx, ty).unroll(i).unroll(j);
    turned[k].reorder_storage(l, c, tx, ty, i, j, g);
    down[k].compute_at(turned[k], c).store_in(MemoryType::Stack).reorder(l, j, i).unroll(i).unroll(j);
    products[k].bound(c, 0, s.channels).bound(tx, 0, across).bound(ty, 0, along);
    products[k].compute_at(patches, gi).hoist_storage(patches, go).split(c, co, c, s.block_c);
    products[k].reorder(l, c, tx, ty, co, i, j).unroll(c);
    product[k].compute_at(products[k], tx).store_in(MemoryType::Stack).bound_extent(c, s.block_c);
    product[k].bound(l, 0, block).vectorize(l).unroll(c);
    product[k].update().reorder(l, c, product[k].rvars(0)[0]).vectorize(l).unroll(c);
    back[k].compute_at(act[k], c).store_in(MemoryType::Stack).reorder(l, i, j).unroll(i).unroll(j);
    up[k].compute_at(act[k], c).store_in(MemoryType::Stack).reorder(l, i, j).unroll(i).unroll(j);
  }

  template <class Source, class Weights>
  void convolve(int i, Source source, int in, Weights& w) {
    Input<Buffer<float, 1>>* biases[] = {&bias0, &bias1, &bias2, &bias3};
    RDom r(0, in, 0, kernel, 0, kernel, "r" + std::to_string(i));
    const int b = extent[i].block_c;
    conv[i](l, c, x, y, g) = (*biases[i])(c);
    conv[i](l, c, x, y, g) += w(c % b, r[0], r[1], r[2], c / b) * source(r[0], x + r[1], y + r[2]);
    act[i](l, c, x, y, g) = i == 3 ? Expr(conv[i](l, c, x, y, g)) : max(conv[i](l, c, x, y, g), 0.0f);
    pack(w, i, in, kernel);
  }

  template <class Weights>
  void pack(Weights& w, int i, int in, int k) {
    const int b = extent[i].block_c, tiles = extent[i].channels / b;
    w.dim(0).set_bounds(0, b).set_stride(1);
    w.dim(1).set_bounds(0, in).set_stride(b);
    w.dim(2).set_bounds(0, k).set_stride(b * in);
    w.dim(3).set_bounds(0, k).set_stride(b * in * k);
    w.dim(4).set_bounds(0, tiles).set_stride(b * in * k * k);
  }

  /// Both pictures in [0,1] around each tile, at full resolution: zero outside the padded picture, whose padding
  /// repeats the last row and column.
  void take_pictures() {
    Input<Buffer<void, 3>>* pictures[] = {&picture0, &picture1};
    const int w = 4 * (tile_w + half_pad);
    for (int i = 0; i < 2; ++i) {
      auto& p = *pictures[i];
      const Expr left = 4 * column(l, g) - 2 * half_pad, px = left + x, py = 4 * row(l, g) - 2 * half_pad + y;
      const Expr last = p.dim(0).extent() - 1, at_y = clamp(py, 0, p.dim(1).extent() - 1);
      const Type type = p.type();
      const auto unit = [&](const Expr& at) {
        const float scale = type.is_float() ? 1.0f : 1.0f / (type.bits() == 8 ? 255.0f : 65535.0f);
        return cast<float>(p(at, at_y, c)) * scale;
      };
      // Most windows lie inside: their pixels are neighbours in memory, which vectors of them rely on.
      const Expr border = select(px >= 0 && px < padded_width, unit(clamp(px, 0, last)), 0.0f);
      const Expr neighbours = left >= 0 && left + w - 1 <= last;
      const Expr value =
          device::chosen(get_target()) ? border : lazy(neighbours, unit(unsafe_promise_clamped(px, 0, last)), border);
      window[i](x, c, y, l, g) = select(py >= 0 && py < padded_height, value, 0.0f);
      detail[i](l, c, x, y, g) = window[i](x, c, y, l, g);
    }
  }

  /// Each stage for all tiles before the next: a block is some rows of a tile, a thread a pixel with some of its
  /// channels. Blocks have at most 256 threads, which every device allows; tiles are counted along the grid's first
  /// axis, the only one without a limit of 65535.
  void schedule_device() {
    Var xt("xt"), yt("yt");
    const auto rows = [](int width) { return std::max(1, 256 / width); };
    const auto spread = [&](auto f, int width) {
      f.split(x, x, xt, width).split(y, y, yt, rows(width), TailStrategy::GuardWithIf).reorder(g, y);
      f.gpu_blocks(g, y).gpu_threads(xt, yt);
    };
    const int w = 2 * (tile_w + half_pad), h = 2 * (tile_h + half_pad);
    for (Func f : {detail[0], detail[1]}) {
      f.compute_root().bound(l, 0, 1).bound(c, 0, 3).bound(x, 0, 2 * w).bound(y, 0, 2 * h).reorder(l, c, x, y, g);
      spread(f.unroll(c), 2 * w);
    }
    features.compute_root().bound(l, 0, 1).bound(c, 0, hidden + 10).bound(x, 0, w).bound(y, 0, h);
    for (int u = 0; u < 4; ++u) spread(features.update(u).reorder(l, features.rvars(u)[0], x, y, g), w);
    for (int i = 0; i < 4; ++i) {
      const Size s = extent[i];
      Func f = act[i];
      f.bound(l, 0, 1).bound(c, 0, s.channels).bound(x, 0, s.width).bound(y, 0, s.height);
      f.compute_root().split(c, co, c, s.block_c).reorder(l, c, x, y, co, g).unroll(c);
      f.split(x, x, xt, s.width).split(y, y, yt, rows(s.width), TailStrategy::GuardWithIf);
      f.reorder(g, y, co).gpu_blocks(g, y, co).gpu_threads(xt, yt);
      conv[i].compute_at(f, xt).bound_extent(c, s.block_c).unroll(c);
      for (int u = 0; u < conv[i].num_update_definitions(); ++u) {
        const auto r = conv[i].rvars(u);
        conv[i].update(u).reorder(l, c, x, r[0], r[1], r[2]).unroll(c);
      }
    }
    const std::vector<Var> v = collapsed.args();
    const auto sums = collapsed.rvars(0);
    collapsed.compute_root().reorder(v[2], v[3], v[4], v[5], v[0], v[1]).gpu_blocks(v[1]).gpu_threads(v[0]);
    collapsed.update()
        .reorder({sums[0], sums[1], v[2], v[3], v[4], v[5], v[0], v[1]})
        .gpu_blocks(v[1])
        .gpu_threads(v[0]);
    patches.bound(c, 0, 4).bound(x, 0, 4 * tile_w).bound(y, 0, 4 * tile_h).unroll(c);
    patches.reorder(c, x, y, t).gpu_blocks(t).gpu_threads(x, y);
  }

  /// A select that evaluates one side only.
  static Expr lazy(const Expr& condition, const Expr& a, const Expr& b) {
    using Internal::Call;
    return Call::make(a.type(), Call::if_then_else, {condition, a, b}, Call::PureIntrinsic);
  }

  /// Everything at half resolution: hidden, alpha, residual, picture, plate.
  void take_features() {
    const Expr half_w = padded_width / 2, half_h = padded_height / 2;
    const BilinearAxis across("across", coarse.dim(1).extent(), half_w), down("down", coarse.dim(2).extent(), half_h);
    tables = {across.first, across.second, across.part, down.first, down.second, down.part};
    const Expr gx = 2 * column(l, g) - half_pad + x, gy = 2 * row(l, g) - half_pad + y;
    const Expr px = clamp(gx, 0, half_w - 1), py = clamp(gy, 0, half_h - 1);
    const int h = hidden, from = hidden_at, alpha = alpha_at, residual = residual_at;
    const Expr inside = gx >= 0 && gy >= 0 && gx < half_w && gy < half_h;
    const auto sample = [&](const Expr& channel) {
      const auto along = [&](const Expr& at) {
        const Expr left = coarse(channel, across.first(px), at), right = coarse(channel, across.second(px), at);
        return left + across.part(px) * (right - left);
      };
      const Expr upper = along(down.first(py)), lower = along(down.second(py));
      return select(inside, upper + down.part(py) * (lower - upper), 0.0f);
    };
    resized[0](c, x, y, l, g) = sample(c + from);
    resized[1](c, x, y, l, g) =
        sample(residual == alpha + 1 ? c + alpha : select(c == 0, alpha, max(c, 1) - 1 + residual));

    RDom of_hidden(0, h, "of_hidden"), of_base(0, 4, "of_base"), rgb(0, 3, "rgb");
    features(l, c, x, y, g) = undef<float>();
    features(l, of_hidden, x, y, g) = resized[0](of_hidden, x, y, l, g);
    features(l, h + of_base, x, y, g) = resized[1](of_base, x, y, l, g);
    for (int i = 0; i < 2; ++i) {
      const auto at = [&](int dx, int dy) { return detail[i](l, rgb, 2 * x + dx, 2 * y + dy, g); };
      features(l, h + 4 + 3 * i + rgb, x, y, g) = ((at(0, 0) + at(1, 0)) + (at(0, 1) + at(1, 1))) * 0.25f;
    }
  }

  /// The third convolution. Of its 3x3 neighbours that nearest upsampling made, some are the same sample: their weights
  /// are added beforehand, differently for even and odd pixels, which leaves 2x2.
  void convolve_upsampled() {
    const int in = width1, b = extent[2].block_c, k = kernel, taps = (k + 1) / 2, shift = 2 * half_pad - full_pad;
    Var even_x("even_x"), even_y("even_y"), a("a"), d("d"), i("i");
    RDom s(0, k, 0, k, "s");
    collapsed(c, i, a, d, even_x, even_y) = 0.0f;
    collapsed(c, i, a, d, even_x, even_y) +=
        select((even_x + s.x) / 2 == a && (even_y + s.y) / 2 == d, weights2(c % b, i, s.x, s.y, c / b), 0.0f);
    RDom r(0, in, 0, taps, 0, taps, "r2"), rgb(0, 3, 0, k, 0, k, "r2_rgb");
    conv[2](l, c, x, y, g) = bias2(c);
    conv[2](l, c, x, y, g) +=
        collapsed(c, r[0], r[1], r[2], x % 2, y % 2) * act[1](l, r[0], x / 2 + r[1], y / 2 + r[2], g);
    for (int p = 0; p < 2; ++p)
      conv[2](l, c, x, y, g) += weights2(c % b, in + 3 * p + rgb[0], rgb[1], rgb[2], c / b) *
                                detail[p](l, rgb[0], x + rgb[1] + shift, y + rgb[2] + shift, g);
    act[2](l, c, x, y, g) = max(conv[2](l, c, x, y, g), 0.0f);
    pack(weights2, 2, in + 6, kernel);
  }

  void schedule_input() {
    const int w = 2 * (tile_w + half_pad), h = 2 * (tile_h + half_pad), step = natural_vector_size<float>();
    Input<Buffer<void, 3>>* pictures[] = {&picture0, &picture1};
    for (int i : {0, 1}) {
      Var xv("xv");
      detail[i].bound(l, 0, block).bound(c, 0, 3).bound(x, 0, 2 * w).bound(y, 0, 2 * h).bound_extent(g, 1);
      detail[i].compute_at(patches, gi).hoist_storage(patches, go).reorder_storage(l, x, c, y, g);
      detail[i].split(x, x, xv, 4).reorder(xv, l, x, c, y).vectorize(xv).unroll(l);
      window[i].compute_at(detail[i], y).bound(c, 0, 3).bound(x, 0, 2 * w).bound(l, 0, block).bound_extent(y, 1);
      window[i].bound_extent(g, 1).reorder(c, x, l).unroll(c).never_partition_all();
      for (const Expr& dense : {layout::interleaved(*pictures[i], 3), layout::rows(*pictures[i])})
        window[i].specialize(dense).vectorize(x, std::min(2 * w, 2 * step));
    }
    features.bound(l, 0, block).bound(c, 0, hidden + 10).bound(x, 0, w).bound(y, 0, h);
    features.compute_at(patches, gi).hoist_storage(patches, go).bound_extent(g, 1);
    for (int u : {0, 1}) {
      RVar fo("fo"), fi("fi");
      const RVar from = features.rvars(u)[0];
      features.update(u).split(from, fo, fi, 4).reorder(fi, l, fo, x, y).vectorize(fi).unroll(l);
      resized[u]
          .compute_at(features, y)
          .bound(l, 0, block)
          .bound(c, 0, u == 0 ? static_cast<int>(hidden) : 4)
          .bound(x, 0, w)
          .bound_extent(g, 1)
          .bound_extent(y, 1);
      resized[u].reorder(c, x, y, l).vectorize(c, u == 0 ? step : 4).never_partition_all();
    }
    for (int u : {2, 3})
      features.update(u).reorder(l, features.rvars(u)[0], x, y).vectorize(l).unroll(features.rvars(u)[0]);
  }
};

}  // namespace

HALIDE_REGISTER_GENERATOR(RefineCells, hairline_refine_cells)
