#include <Halide.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hairline/kernels/winograd.hpp"
#include "lowering/activation.hpp"
#include "lowering/conv_input.hpp"

namespace {
using namespace Halide;

/// hairline_conv2d for kernel 3, stride 1 and padding = dilation, by Winograd's products: the same ports, other
/// weights.
///
/// The picture is worked on in groups of rows. A group's tiles (form x form results each) are numbered: first the d x d
/// phases of a dilated convolution, each a picture of its own without dilation, then rows of tiles, then tiles in a
/// row. A chunk of consecutive tiles is transformed, multiplied and transformed back while it stays in the cache.
class Conv2dWinograd : public Generator<Conv2dWinograd> {
 public:
  GeneratorParam<int> form{"form", 4};  ///< 4: F(4x4,3x3), 2: F(2x2,3x3)
  // As hairline_conv2d's, so that a schedule record can choose between the two; 3, 1 and the dilation is all there is.
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1},
      padding{"padding", 0};                         ///< 0: the dilation
  GeneratorParam<std::string> parts{"parts", "64"};  ///< channels of each input, "48u,6": u is resized
  GeneratorParam<int> channels{"channels", 64};      ///< of the result
  GeneratorParam<bool> addend{"addend", false};
  GeneratorParam<Activation> activation{"activation", Activation::none, activation_names()};

  // Schedule knobs.
  GeneratorParam<int> tile_c{"tile_c", 0};  ///< channels of a register tile; 0: chosen for the machine's registers
  GeneratorParam<int> tile_t{"tile_t", 0};  ///< tiles of a register tile
  GeneratorParam<int> chunk{"chunk",
                            0};  ///< tiles between the transforms, rounded up to tile_t; 0: by the input channels
  GeneratorParam<int> rows{"rows", 1};  ///< rows of tiles in a group: more where rows are short
  GeneratorParam<int> unroll_in{"unroll_in", 1};
  GeneratorParam<bool> parallel_c{"parallel_c", false};  ///< tiles of channels at the same time, for few groups

  void configure() {
    input.parse(parts);
    for (std::size_t i = 0; i < input.parts.size(); ++i)
      inputs.push_back(add_input<Buffer<float, 3>>("input" + std::to_string(i)));
    weights = add_input<Buffer<float, 5>>("weights");  // c in tile, input channel, x and y of the transform, tile
    bias = add_input<Buffer<float, 1>>("bias");
    if (activation == Activation::bounds) {
      low = add_input<Buffer<float, 1>>("low");
      high = add_input<Buffer<float, 1>>("high");
    }
    if (addend) added = add_input<Buffer<float, 3>>("added");
    height = add_input<int>("height");  // of the input, after resizing, and of the result
    width = add_input<int>("width");
    tasks = add_input<int>("tasks");  // strips of rows to be worked on at the same time
    result = add_output<Buffer<float, 3>>("result");
  }

  void generate() {
    if (form != 2 && form != 4) throw std::runtime_error("conv2d_winograd: form is 2 or 4");
    const int pad = padding;
    if (kernel != 3 || stride != 1 || (pad != 0 && pad != dilation))
      throw std::runtime_error("conv2d_winograd: kernel 3, stride 1 and padding = dilation only");
    choose_tile();
    if (ConvInput::round_up(channels, 16) % block_c != 0)
      throw std::runtime_error("conv2d_winograd: tile_c does not divide the channels");
    input.define(inputs, *width, *height);
    const int m = form, d = dilation, n = m + 2;
    const Expr across = ((*width + d - 1) / d + m - 1) / m;  // tiles in a row of a phase

    // Where tile t of group g begins.
    const Expr tx = unsafe_promise_clamped(t % across, 0, across - 1);
    const Expr ty = (t / across) % rows, phase = t / (across * rows) % (d * d);
    const Expr sx = (tx * m + i - 1) * d + phase % d;
    const Expr sy = g * (rows * m * d) + (ty * m + j - 1) * d + phase / d;

    patch(c, i, j, t, g) = input.staged(c, sx, sy);
    down(c, i, j, t, g) = input_transform(patch, j, [&](int k) { return std::vector<Expr>{c, i, k, t, g}; });
    turned(c, i, j, t, g) = input_transform(down, i, [&](int k) { return std::vector<Expr>{c, k, j, t, g}; });

    RDom r(0, input.total(), "r");
    product(c, t, i, j, g) += (*weights)(c % block_c, r, i, j, c / block_c) * turned(r, i, j, t, g);
    products(c, t, i, j, g) = product(c, t, i, j, g);
    up(c, i, j, t, g) = output_transform(products, i, [&](int k) { return std::vector<Expr>{c, t, k, j, g}; });
    back(c, i, j, t, g) = output_transform(up, j, [&](int k) { return std::vector<Expr>{c, i, k, t, g}; });

    const Expr tile = ((y % d * d + x % d) * rows + y / (m * d) % rows) * across + x / (m * d);
    Expr v = back(c, x / d % m, y / d % m, tile, y / (rows * m * d)) + (*bias)(c);
    if (addend) v += (*added)(c, x, y);
    if (activation == Activation::bounds)
      v = clamp(v, (*low)(c), (*high)(c));
    else
      v = activate(activation, v);
    (*result)(c, x, y) = v;
    ports(n);
  }

  void schedule() {
    const int lanes = natural_vector_size<float>();
    const int m = form, n = m + 2, d = dilation, high_rows = rows * m * d;
    const int padded_in = input.padded(), padded_out = ConvInput::round_up(channels, 16);
    const int tiles = chunk_tiles();
    Func out = *result;
    const Expr groups = (out.output_buffer().dim(2).extent() + high_rows - 1) / high_rows;
    const Expr per_task = max((groups + *tasks - 1) / *tasks, 1);
    Var yo("yo"), yi("yi"), to("to"), ti("ti"), co("co"), ci("ci"), cv("cv"), tb("tb");
    out.bound(c, 0, padded_out)
        .split(y, y, yi, high_rows, TailStrategy::GuardWithIf)
        .split(y, yo, y, per_task, TailStrategy::GuardWithIf)
        .reorder(c, x, yi, y, yo)
        .vectorize(c, lanes)
        .parallel(yo)
        .never_partition(x, yi, y, yo);

    back.compute_at(out, y)
        .hoist_storage(out, yo)
        .bound_extent(g, 1)
        .bound(c, 0, padded_out)
        .bound(i, 0, m)
        .bound(j, 0, m)
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
        .bound(i, 0, n)
        .bound(j, 0, n)
        .split(t, tb, t, block_t)
        .reorder(c, t, tb, i, j, g)
        .vectorize(c, lanes)
        .unroll(c)
        .unroll(t);
    if (!parallel_c) products.hoist_storage(out, yo);
    product.compute_at(products, tb)
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

    turned.compute_at(back, to)
        .hoist_storage(out, yo)
        .bound(c, 0, padded_in)
        .bound(i, 0, n)
        .bound(j, 0, n)
        .bound_extent(t, tiles)
        .bound_extent(g, 1)
        .reorder_storage(c, t, i, j, g)
        .align_storage(c, odd_lines(padded_in))
        .align_storage(t, tiles | 1)
        .split(c, co, ci, lanes)
        .reorder(ci, i, j, co, t, g)
        .vectorize(ci)
        .unroll(i)
        .unroll(j)
        .never_partition(t, co);
    down.compute_at(turned, co).store_in(MemoryType::Stack).vectorize(c, lanes).unroll(j).unroll(i).reorder(c, j, i);
    input.staged.store_at(out, yo).compute_at(out, y).fold_storage(input.y, high_rows + 2 * d);
    input.schedule(lanes);
  }

 private:
  ConvInput input;
  std::vector<Input<Buffer<float, 3>>*> inputs;
  Input<Buffer<float, 5>>* weights = nullptr;
  Input<Buffer<float, 1>>*bias = nullptr, *low = nullptr, *high = nullptr;
  Input<Buffer<float, 3>>* added = nullptr;
  Input<int>*height = nullptr, *width = nullptr, *tasks = nullptr;
  Output<Buffer<float, 3>>* result = nullptr;
  Var c{"c"}, x{"x"}, y{"y"}, t{"t"}, i{"i"}, j{"j"}, g{"g"};
  Func patch{"patch"}, down{"down"}, turned{"turned"}, product{"product"}, products{"products"}, up{"up"}, back{"back"};
  int block_c = 0, block_t = 0;

  /// Channels in memory, so that the transforms' 16 or 36 streams do not meet in the same sets of the cache.
  static int odd_lines(int n) { return n % 32 == 0 ? n + 16 : n; }

  template <class Port>
  static void tensor(Port& port, int pitch) {
    port.dim(0).set_stride(1).set_min(0);
    port.dim(1).set_stride(pitch).set_min(0);
    port.dim(2).set_min(0);
  }

  void ports(int n) {
    const int out_padded = ConvInput::round_up(channels, 16), in_total = input.total();
    for (std::size_t k = 0; k < input.parts.size(); ++k) tensor(*inputs[k], input.parts[k].pitch);
    if (addend) tensor(*added, out_padded);
    result->dim(0).set_bounds(0, out_padded);
    tensor(*result, out_padded);
    weights->dim(0).set_bounds(0, block_c);
    weights->dim(1).set_bounds(0, in_total).set_stride(block_c);
    weights->dim(2).set_bounds(0, n).set_stride(block_c * in_total);
    weights->dim(3).set_bounds(0, n).set_stride(block_c * in_total * n);
    weights->dim(4).set_bounds(0, out_padded / block_c).set_stride(block_c * in_total * n * n);
    bias->dim(0).set_bounds(0, out_padded);
  }

  /// As many accumulators as fit beside the weights and one input (32 registers with AVX-512, else 16); there in
  /// multiples of five tiles, which divide the rows of common pictures.
  void choose_tile() {
    const int blocks = ConvInput::round_up(channels, 16) / 16;
    const bool many = get_target().has_feature(Target::AVX512);
    block_c = tile_c;
    block_t = tile_t;
    if (block_c == 0) block_c = !many ? 16 : blocks % 4 == 0 ? 64 : blocks % 3 == 0 ? 48 : blocks % 2 == 0 ? 32 : 16;
    if (block_t == 0 && !many) block_t = get_target().has_feature(Target::AVX2) ? 6 : 3;
    if (block_t == 0) block_t = block_c >= 48 ? 5 : block_c == 32 ? 10 : 15;
  }

  /// The transformed tiles of a chunk take about half a second-level cache, but the weights pass once for each chunk:
  /// not too few tiles.
  int chunk_tiles() const {
    const int size = (form + 2) * (form + 2), fit = (160 << 10) / (size * input.padded());
    const int tiles = chunk > 0 ? static_cast<int>(chunk) : std::clamp(fit, 15, 30 * 36 / size);
    if (chunk > 0) return ConvInput::round_up(tiles, block_t);
    return std::max(tiles / block_t, 1) * block_t;
  }

  template <class At>
  Expr input_transform(Func f, const Var& row, const At& at) const {
    return form == 4 ? input_rows<4>(f, row, at) : input_rows<2>(f, row, at);
  }
  template <class At>
  Expr output_transform(Func f, const Var& row, const At& at) const {
    return form == 4 ? output_rows<4>(f, row, at) : output_rows<2>(f, row, at);
  }

  /// Value times coefficient, added to a sum; nothing is spent on 0 and 1.
  static void add(Expr& sum, double coefficient, const Expr& value) {
    if (coefficient == 0) return;
    const Expr term = coefficient == 1 ? value : static_cast<float>(coefficient) * value;
    sum = sum.defined() ? sum + term : term;
  }

  /// One of the rows of the input transform, the row chosen by `row`, which is unrolled. Rows of opposite points share
  /// their even and odd halves.
  template <int M, class At>
  static Expr input_rows(Func f, const Var& row, const At& at) {
    using W = hairline::kernels::Winograd<M>;
    std::vector<Expr> value, result;
    for (int k = 0; k < W::size; ++k) value.push_back(f(at(k)));
    const auto half = [&](std::size_t k, std::size_t first, double scale) {
      Expr sum;
      for (std::size_t q = first; q < value.size(); q += 2) add(sum, W::input[k][q] / scale, value[q]);
      return sum;
    };
    for (std::size_t k = 0; k < value.size(); ++k) {
      if (k == 0 || k + 1 == value.size()) {
        result.push_back(half(k, k == 0 ? 0 : 1, 1));
      } else {
        // Odd coefficients are the point times simpler ones.
        Expr sum = half(k, 0, 1);
        add(sum, W::points[k], half(k, 1, W::points[k]));
        result.push_back(sum);
      }
    }
    return mux(row, result);
  }

  template <int M, class At>
  static Expr output_rows(Func f, const Var& row, const At& at) {
    using W = hairline::kernels::Winograd<M>;
    std::vector<Expr> value, result;
    for (int k = 0; k < W::size; ++k) value.push_back(f(at(k)));
    for (std::size_t k = 0; k < static_cast<std::size_t>(M); ++k) {
      Expr sum = k == 0 ? value.front() : Expr();
      for (std::size_t p = 1; p + 1 < value.size(); p += 2)
        add(sum, W::output[k][p], k % 2 == 0 ? value[p] + value[p + 1] : value[p] - value[p + 1]);
      if (k + 1 == static_cast<std::size_t>(M)) sum += value.back();
      result.push_back(sum);
    }
    return mux(row, result);
  }
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Conv2dWinograd, hairline_conv2d_winograd)
