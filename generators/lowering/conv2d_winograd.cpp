#include <Halide.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lowering/dense_conv.hpp"
#include "lowering/winograd_rows.hpp"

namespace {
using namespace Halide;

/// hairline_conv2d for kernel 3, stride 1 and padding = dilation, by Winograd's products: the same ports, other
/// weights.
///
/// The picture is worked on in groups of rows. A group's tiles (form_x x form_y results each) are numbered: first the
/// d x d phases of a dilated convolution, each a picture of its own without dilation, then rows of tiles, then tiles in
/// a row. A chunk of consecutive tiles is transformed, multiplied and transformed back while it stays in the cache.
///
/// With `deep` the whole picture is one group, and each of a chunk's three steps is shared out among threads: for many
/// channels and few pixels, where weights are what has to be brought from memory. They come as they are, once for each
/// chunk, and are transformed block by block where they are used; with `ready` beforehand, which is up to a quarter
/// quicker for four times the memory.
class Conv2dWinograd : public DenseConv<Conv2dWinograd> {
 public:
  GeneratorParam<int> form{"form", 4};      ///< 4: F(4x4,3x3), 2: F(2x2,3x3), 1 to 6
  GeneratorParam<int> form_x{"form_x", 0};  ///< of one axis, if not the same
  GeneratorParam<int> form_y{"form_y", 0};

  // Schedule knobs.
  GeneratorParam<int> tile_c{"tile_c", 0};  ///< channels of a register tile; 0: chosen for the machine's registers
  GeneratorParam<int> tile_t{"tile_t", 0};  ///< tiles of a register tile
  GeneratorParam<int> chunk{"chunk",
                            0};  ///< tiles between the transforms, rounded up to tile_t; 0: by the input channels
  GeneratorParam<int> rows{"rows", 1};  ///< rows of tiles in a group: more where rows are short
  GeneratorParam<int> unroll_in{"unroll_in", 1};
  GeneratorParam<bool> parallel_c{"parallel_c", false};  ///< tiles of channels at the same time, for few groups
  GeneratorParam<bool> deep{"deep", false};              ///< see above
  GeneratorParam<bool> ready{"ready", false};            ///< of deep: weights are transformed beforehand all the same
  GeneratorParam<int> block_in{"block_in", 32};  ///< of deep: input channels whose weights are transformed at once

  // Weights: c in tile, input channel, x and y of the transform, tile. The products are float.
  void configure() { add_ports(Float(32)); }

  void generate() {
    mx = form_x != 0 ? form_x : form;
    my = form_y != 0 ? form_y : form;
    if (mx < 1 || mx > 6 || my < 1 || my > 6) throw std::runtime_error("conv2d_winograd: forms are 1 to 6");
    if (kernel != 3 || stride != 1 || padding != static_cast<int>(dilation))
      throw std::runtime_error("conv2d_winograd: kernel 3, stride 1 and padding = dilation only");
    choose_tile();
    if (padded() % block_c != 0) throw std::runtime_error("conv2d_winograd: tile_c does not divide the channels");
    const int d = dilation;
    across = ((*width + d - 1) / d + mx - 1) / mx;  // tiles in a row of a phase
    down_rows = deep ? ((*height + d - 1) / d + my - 1) / my : Expr(static_cast<int>(rows));

    // Where tile t of group g begins.
    const Expr tx = unsafe_promise_clamped(t % across, 0, across - 1);
    const Expr ty = (t / across) % down_rows, phase = t / (across * down_rows) % (d * d);
    const Expr sx = (tx * mx + i - 1) * d + phase % d;
    const Expr sy = (deep ? 0 : g * (down_rows * my * d)) + (ty * my + j - 1) * d + phase / d;

    if (straight()) {
      const Expr inside = sx >= 0 && sx < *width && sy >= 0 && sy < *height;
      const Expr value = cast<float>((*inputs[0])(c, clamp(sx, 0, *width - 1), clamp(sy, 0, *height - 1)));
      patch(c, i, j, t, g) = select(inside, value, 0.0f);
    } else {
      input.define(inputs, *width, *height);
      patch(c, i, j, t, g) = input.staged(c, sx, sy);
    }
    down(c, i, j, t, g) = winograd::input_transform(my, j, [&](int k) { return patch(c, i, k, t, g); });
    turned(c, i, j, t, b, g) =
        winograd::input_transform(mx, i, [&](int tap) { return down(b * block_k() + c, tap, j, t, g); });

    if (deep) {
      deep_products();
    } else {
      RDom r(0, input.total(), "r");
      product(c, t, i, j, g) += (*weights)(c % block_c, r, i, j, c / block_c) * turned(r, i, j, t, 0, g);
      products(c, t, i, j, g) = product(c, t, i, j, g);
    }
    up(c, i, j, t, g) = winograd::output_transform(mx, i, [&](int k) { return products(c, t, k, j, g); });
    back(c, i, j, t, g) = winograd::output_transform(my, j, [&](int k) { return up(c, i, k, t, g); });

    const Expr tile = ((y % d * d + x % d) * down_rows + y / (my * d) % down_rows) * across + x / (mx * d);
    const Expr group = deep ? Expr(0) : y / (down_rows * my * d);
    const Expr sum = back(c, x / d % mx, y / d % my, tile, group) + (*bias)(c);
    (*result)(c, x, y) = finished(sum, x, y);
    ports();
  }

  void schedule() {
    if (deep)
      schedule_deep();
    else
      schedule_strips();
  }

 private:
  /// Sums over blocks of input channels, each with the weights that have just been transformed.
  void deep_products() {
    const int block = block_k();
    blocks = RDom(0, std::max(input.total() / block, 1), "blocks");
    RDom r(0, std::min(block, input.total()), "r");
    if (ready) {
      heavy(c, k, i, j) = (*weights)(c % block_c, k, i, j, c / block_c);
    } else {
      half_heavy(c, k, i, j) =
          winograd::weight_transform(my, j, [&](int tap) { return (*weights)(c % block_c, k, i, tap, c / block_c); });
      heavy(c, k, i, j) = winograd::weight_transform(mx, i, [&](int tap) { return half_heavy(c, k, tap, j); });
    }
    product(c, t, i, j, first, g) += heavy(c, first * block + r, i, j) * turned(r, i, j, t, first, g);
    products(c, t, i, j, g) = 0.0f;
    products(c, t, i, j, g) += product(c, t, i, j, blocks, g);
  }

  void schedule_strips() {
    const int lanes = natural_vector_size<float>();
    const int d = dilation, high_rows = rows * my * d;
    const int padded_in = input.padded();
    const int tiles = chunk_tiles();
    Func out = *result;
    const Expr groups = (out.output_buffer().dim(2).extent() + high_rows - 1) / high_rows;
    const Expr per_task = max(groups / *tasks, 1);
    Var yo("yo"), yi("yi"), to("to"), ti("ti"), co("co"), ci("ci"), cv("cv"), tb("tb");
    out.bound(c, 0, padded())
        .split(y, y, yi, high_rows, TailStrategy::GuardWithIf)
        .split(y, yo, y, per_task, TailStrategy::GuardWithIf)
        .reorder(c, x, yi, y, yo)
        .vectorize(c, lanes)
        .parallel(yo)
        .never_partition(x, yi, y, yo);

    back.compute_at(out, y)
        .hoist_storage(out, yo)
        .bound_extent(g, 1)
        .bound(c, 0, padded())
        .bound(i, 0, mx)
        .bound(j, 0, my)
        .split(t, to, ti, tiles, TailStrategy::RoundUp)
        .split(c, co, ci, block_c)
        .split(ci, ci, cv, lanes)
        .reorder(cv, i, j, ci, ti, co, to, g)
        .vectorize(cv)
        .unroll(i)
        .unroll(j)
        .never_partition(to, co, ti);
    if (parallel_c) back.parallel(co);
    up.compute_at(back, ci).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(i).unroll(j).reorder(c, i, j);

    products.compute_at(back, co)
        .bound_extent(c, block_c)
        .bound_extent(t, tiles)
        .align_storage(c, odd_lines(block_c))
        .align_storage(t, tiles | 1)
        .bound(i, 0, mx + 2)
        .bound(j, 0, my + 2)
        .split(t, tb, t, block_t)
        .reorder(c, t, tb, i, j, g)
        .vectorize(c, lanes)
        .unroll(c)
        .unroll(t);
    if (!parallel_c) products.hoist_storage(out, yo);
    schedule_product(tb, lanes);

    turned.compute_at(back, to)
        .hoist_storage(out, yo)
        .bound(c, 0, padded_in)
        .bound(b, 0, 1)
        .bound(i, 0, mx + 2)
        .bound(j, 0, my + 2)
        .bound_extent(t, tiles)
        .bound_extent(g, 1)
        .reorder_storage(c, t, i, j, b, g)
        .align_storage(c, odd_lines(padded_in))
        .align_storage(t, tiles | 1)
        .split(c, co, ci, lanes)
        .reorder(ci, i, j, co, t, b, g)
        .vectorize(ci)
        .unroll(i)
        .unroll(j)
        .never_partition(t, co);
    down.compute_at(turned, co).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(j).unroll(i).reorder(c, j, i);
    input.staged.store_at(out, yo).compute_at(out, y).fold_storage(input.y, high_rows + 2 * d);
    input.schedule(lanes);
  }

  /// A register tile of products: block_c channels of block_t tiles, summed over the input's channels; `at` walks
  /// tiles.
  void schedule_product(const Var& at, int lanes) {
    product.compute_at(products, at)
        .store_in(MemoryType::Stack)
        .bound_extent(c, block_c)
        .bound_extent(t, block_t)
        .vectorize(c, lanes)
        .unroll(c)
        .unroll(t);
    auto update = product.update();
    const auto rv = product.rvars(0);
    update.reorder(c, t, rv[0]).vectorize(c, lanes).unroll(c).unroll(t);
    if (unroll_in > 1) update.unroll(rv[0], unroll_in);
  }

  void schedule_heavy(int lanes) {
    Var cv("cv");
    heavy.compute_at(products, blocks.x)
        .bound_extent(c, block_c)
        .bound(i, 0, mx + 2)
        .bound(j, 0, my + 2)
        .reorder_storage(c, k, i, j)
        .align_storage(k, block_k() | 1)
        .split(c, c, cv, lanes)
        .reorder(cv, i, j, c, k)
        .vectorize(cv)
        .unroll(i)
        .unroll(j);
    half_heavy.compute_at(heavy, c)
        .store_in(MemoryType::Stack)
        .vectorize(c, lanes)
        .reorder(c, i, j)
        .unroll(i)
        .unroll(j);
  }

  void schedule_deep() {
    const int lanes = natural_vector_size<float>();
    const int d = dilation, padded_in = input.padded();
    const int tiles = chunk_tiles();
    Func out = *result;
    const Expr per_task = max(out.output_buffer().dim(2).extent() / *tasks, 1);
    Var yo("yo"), to("to"), co("co"), ci("ci"), cv("cv"), tb("tb"), both("both");
    out.bound(c, 0, padded())
        .split(y, yo, y, per_task, TailStrategy::GuardWithIf)
        .reorder(c, x, y, yo)
        .vectorize(c, lanes)
        .parallel(yo)
        .never_partition(x, y, yo);

    back.compute_root()
        .bound(c, 0, padded())
        .bound(i, 0, mx)
        .bound(j, 0, my)
        .bound(t, 0, (across * down_rows * (d * d) + tiles - 1) / tiles * tiles)
        .bound(g, 0, 1)
        .split(t, to, t, tiles, TailStrategy::RoundUp)
        .split(c, c, cv, lanes)
        .reorder(cv, i, j, c, t, to, g)
        .vectorize(cv)
        .unroll(i)
        .unroll(j)
        .parallel(t)
        .never_partition(to, c, t);
    up.compute_at(back, c).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(i).unroll(j).reorder(c, i, j);

    products.compute_at(back, to)
        .bound(c, 0, padded())
        .bound_extent(t, tiles)
        .bound_extent(g, 1)
        .align_storage(c, odd_lines(padded()))
        .align_storage(t, tiles | 1)
        .bound(i, 0, mx + 2)
        .bound(j, 0, my + 2)
        .split(c, co, c, block_c)
        .vectorize(c, lanes)
        .unroll(c);
    auto sum = products.update();
    sum.split(c, co, c, block_c).split(t, tb, t, block_t).vectorize(c, lanes).unroll(c).unroll(t);
    if (ready) {  // each product of the transform on its own: every weight is read once
      products.reorder(c, t, co, i, j, g).fuse(i, j, both).parallel(both);
      sum.reorder(c, t, tb, blocks.x, co, i, j, g).fuse(i, j, both).parallel(both);
    } else {
      products.reorder(c, t, i, j, co, g).parallel(co);
      sum.reorder(c, t, tb, i, j, blocks.x, co, g).parallel(co);
      schedule_heavy(lanes);
    }
    schedule_product(tb, lanes);

    turned.compute_at(back, to)
        .bound(c, 0, ConvInput::round_up(block_k(), 16))
        .bound(b, 0, (input.total() + block_k() - 1) / block_k())
        .bound(i, 0, mx + 2)
        .bound(j, 0, my + 2)
        .bound_extent(t, tiles)
        .bound_extent(g, 1)
        .reorder_storage(c, t, i, j, b, g)
        .align_storage(c, ready ? odd_lines(padded_in) : 16)
        .split(c, co, ci, lanes, TailStrategy::RoundUp)
        .reorder(ci, i, j, co, t, b, g)
        .vectorize(ci)
        .unroll(i)
        .unroll(j)
        .fuse(t, b, t)
        .parallel(t)
        .never_partition(t, co);
    down.compute_at(turned, co).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(j).unroll(i).reorder(c, j, i);
    patch.compute_at(turned, co).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(j).unroll(i).reorder(c, i, j);
    if (!straight()) {
      input.staged.compute_root().parallel(input.y);
      input.schedule(lanes);
      for (int i = 0; i < input.staged.num_update_definitions(); ++i) input.staged.update(i).parallel(input.y);
    }
  }

  Var t{"t"}, i{"i"}, j{"j"}, g{"g"};
  Var k{"k"}, first{"first"}, b{"b"};
  RDom blocks;
  Func half_heavy{"half_heavy"}, heavy{"heavy"};
  Func patch{"patch"}, down{"down"}, turned{"turned"}, product{"product"}, products{"products"}, up{"up"}, back{"back"};
  int block_c = 0, block_t = 0, mx = 0, my = 0;
  Expr across, down_rows;

  /// Input channels that are transformed into one piece of memory: all, or a block of `deep`, if it divides them.
  int block_k() const {
    const int many = input.total();
    return !deep || ready ? input.padded() : many % block_in == 0 ? static_cast<int>(block_in) : many;
  }

  /// Whether the input is read where it lies instead of being joined, resized and bordered first.
  bool straight() const { return deep && input.plain() && input.parts[0].pitch >= input.padded(); }

  /// Channels in memory, so that the transforms' 16 or 36 streams do not meet in the same sets of the cache.
  static int odd_lines(int n) { return n % 32 == 0 ? n + 16 : n; }

  void ports() {
    describe_ports();
    const bool plain = deep && !ready;
    describe_weights(block_c, input.total(), plain ? 3 : mx + 2, plain ? 3 : my + 2, padded() / block_c);
  }

  /// As many accumulators as fit beside the weights and one input (32 registers with AVX-512, else 16); there in
  /// multiples of five tiles, which divide the rows of common pictures.
  void choose_tile() {
    const int blocks = padded() / 16;
    const bool many = get_target().has_feature(Target::AVX512);
    block_c = tile_c;
    block_t = tile_t;
    if (block_c == 0) block_c = !many ? 16 : blocks % 4 == 0 ? 64 : blocks % 3 == 0 ? 48 : blocks % 2 == 0 ? 32 : 16;
    if (block_t == 0 && !many) block_t = get_target().has_feature(Target::AVX2) ? 6 : 3;
    if (block_t == 0 && deep) block_t = block_c >= 64 ? 6 : block_c == 48 ? 8 : block_c == 32 ? 12 : 14;
    if (block_t == 0) block_t = block_c >= 48 ? 5 : block_c == 32 ? 10 : 15;
  }

  /// The transformed tiles of a chunk take about half a second-level cache, but the weights pass once for each chunk:
  /// not too few tiles.
  int chunk_tiles() const {
    const int size = (mx + 2) * (my + 2), fit = (160 << 10) / (size * input.padded());
    if (deep && chunk == 0) return ConvInput::round_up(36, block_t);
    const int tiles = chunk > 0 ? static_cast<int>(chunk) : std::clamp(fit, 15, 30 * 36 / size);
    if (chunk > 0) return ConvInput::round_up(tiles, block_t);
    return std::max(tiles / block_t, 1) * block_t;
  }
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Conv2dWinograd, hairline_conv2d_winograd)
