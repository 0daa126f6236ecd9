#include <Halide.h>

#include <string>
#include <vector>

#include "lowering/activation.hpp"
#include "lowering/activations.hpp"
#include "lowering/bilinear.hpp"

namespace {
using namespace Halide;

/// Dense 2-D convolution on activations of c, x, y (channels innermost, padded to 16 with zeros), zero padded, with bias,
/// an optional addend and an activation. The input may be several values side by side, each of which may be brought to
/// the input's size by a bilinear resize first; neither the resized value nor the concatenation is ever in memory as a
/// whole: rows of it are made as the strip moves down.
class Conv2d : public Generator<Conv2d> {
 public:
  GeneratorParam<int> kernel{"kernel", 3}, stride{"stride", 1}, dilation{"dilation", 1}, padding{"padding", 1};
  GeneratorParam<std::string> parts{"parts", "64"};  ///< channels of each input, "48u,6": u is resized
  GeneratorParam<int> channels{"channels", 64};      ///< of the result
  GeneratorParam<bool> addend{"addend", false};
  GeneratorParam<Activation> activation{"activation", Activation::none, activation_names()};

  // Schedule knobs.
  GeneratorParam<int> tile_c{"tile_c", 0};  ///< channels of a register tile; 0: chosen for the machine's registers
  GeneratorParam<int> tile_x{"tile_x", 0};  ///< pixels of a register tile
  GeneratorParam<int> unroll_in{"unroll_in", 1};
  GeneratorParam<bool> stage_1x1{"stage_1x1", false};

  void configure() {
    parse();
    for (std::size_t i = 0; i < part_list.size(); ++i)
      inputs.push_back(add_input<Buffer<float, 3>>("input" + std::to_string(i)));
    weights = add_input<Buffer<float, 5>>("weights");  // c in tile, input channel, kx, ky, tile
    bias = add_input<Buffer<float, 1>>("bias");
    if (activation == Activation::bounds) {
      low = add_input<Buffer<float, 1>>("low");
      high = add_input<Buffer<float, 1>>("high");
    }
    if (addend) added = add_input<Buffer<float, 3>>("added");
    height = add_input<int>("height");  // of the input, after resizing
    width = add_input<int>("width");
    tasks = add_input<int>("tasks");  // strips of rows to be worked on at the same time
    result = add_output<Buffer<float, 3>>("result");
  }

  void generate() {
    choose_tile();
    const int out_padded = activations::padded(channels), in_total = total_in();
    RDom r(0, in_total, 0, kernel, 0, kernel, "r");
    conv(c, x, y) = (*bias)(c);
    const Expr sx = x * stride + r[1] * dilation - padding, sy = y * stride + r[2] * dilation - padding;
    Expr value;
    if (staging()) {
      stage_input();
      value = staged(r[0], sx, sy);
    } else {
      value = (*inputs[0])(r[0], clamp(sx, 0, *width - 1), sy);
    }
    conv(c, x, y) += (*weights)(c % block_c, r[0], r[1], r[2], c / block_c) * value;
    Expr v = conv(c, x, y);
    if (addend) v += (*added)(c, x, y);
    if (activation == Activation::bounds)
      v = clamp(v, (*low)(c), (*high)(c));
    else
      v = activate(activation, v);
    (*result)(c, x, y) = v;

    for (std::size_t i = 0; i < part_list.size(); ++i)
      activations::tensor(*inputs[i], part_list[i].pitch);
    if (addend) activations::tensor(*added, out_padded);
    result->dim(0).set_bounds(0, out_padded);
    activations::tensor(*result, out_padded);
    weights->dim(0).set_bounds(0, block_c);
    weights->dim(1).set_bounds(0, in_total).set_stride(block_c);
    weights->dim(2).set_bounds(0, kernel).set_stride(block_c * in_total);
    weights->dim(3).set_bounds(0, kernel).set_stride(block_c * in_total * kernel);
    weights->dim(4).set_bounds(0, out_padded / block_c).set_stride(block_c * in_total * kernel * kernel);
    bias->dim(0).set_bounds(0, out_padded);
  }

  void schedule() {
    const int lanes = natural_vector_size<float>();
    Func out = *result;
    const Expr rows = activations::strip_rows(out.output_buffer().dim(2).extent(), *tasks);
    out.bound(c, 0, activations::padded(channels))
        .split(c, co, ci, block_c)
        .split(x, xo, xi, block_x, TailStrategy::GuardWithIf)
        .split(y, yo, yi, rows, TailStrategy::GuardWithIf)
        .reorder(ci, xi, xo, co, yi, yo)
        .vectorize(ci, lanes)
        .unroll(ci)
        .unroll(xi)
        .parallel(yo)
        .never_partition(xo, yi, yo);
    conv.compute_at(out, xo)
        .bound_extent(x, block_x)
        .bound_extent(c, block_c)
        .store_in(MemoryType::Stack)
        .vectorize(c, lanes, TailStrategy::RoundUp)
        .unroll(c)
        .unroll(x);
    auto update = conv.update();
    const auto rv = conv.rvars(0);
    update.reorder(c, x, rv[0], rv[1], rv[2]).vectorize(c, lanes, TailStrategy::RoundUp).unroll(c).unroll(x);
    if (unroll_in > 1) update.unroll(rv[0], unroll_in);
    if (staging()) {
      staged.store_at(out, yo).compute_at(out, yi).align_storage(staged_c, 16);
      staged.vectorize(staged_c, lanes);
      for (std::size_t i = 0; i < part_list.size(); ++i) {
        auto piece = staged.update(static_cast<int>(i));
        piece.vectorize(staged.rvars(static_cast<int>(i))[0], lanes);
      }
      for (Func& table : tables) table.compute_root();
    }
  }

 private:
  struct Part {
    int channels = 0, pitch = 0, offset = 0;
    bool resized = false;
  };
  std::vector<Part> part_list;
  std::vector<Input<Buffer<float, 3>>*> inputs;
  Input<Buffer<float, 5>>* weights = nullptr;
  Input<Buffer<float, 1>>*bias = nullptr, *low = nullptr, *high = nullptr;
  Input<Buffer<float, 3>>* added = nullptr;
  Input<int>*height = nullptr, *width = nullptr, *tasks = nullptr;
  Output<Buffer<float, 3>>* result = nullptr;
  Var c{"c"}, x{"x"}, y{"y"}, co{"co"}, ci{"ci"}, xo{"xo"}, xi{"xi"}, yo{"yo"}, yi{"yi"}, staged_c{"staged_c"};
  Func conv{"conv"}, staged{"staged"};
  std::vector<Func> tables;
  int block_c = 0, block_x = 0;

  void parse();
  bool staging() const { return kernel > 1 || stage_1x1 || part_list.size() > 1 || part_list[0].resized; }
  int total_in() const { return part_list.back().offset + part_list.back().channels; }

  /// As many accumulators as fit beside the weights and one input: 32 registers with AVX-512, else 16.
  void choose_tile() {
    const int blocks = activations::padded(channels) / 16;
    const bool many = get_target().has_feature(Target::AVX512);
    block_c = tile_c;
    block_x = tile_x;
    if (block_c == 0) block_c = !many ? 16 : blocks % 4 == 0 ? 64 : blocks % 3 == 0 ? 48 : blocks % 2 == 0 ? 32 : 16;
    if (block_x == 0 && !many) block_x = get_target().has_feature(Target::AVX2) ? 6 : 3;
    if (block_x == 0) block_x = block_c == 64 ? 6 : block_c == 48 ? 8 : block_c == 32 ? 12 : 14;
  }

  void stage_input() {
    const Expr inside = x >= 0 && x < *width && y >= 0 && y < *height;
    staged(staged_c, x, y) = undef<float>();
    for (std::size_t i = 0; i < part_list.size(); ++i) {
      const Part& part = part_list[i];
      RDom channel(0, activations::padded(part.channels), "channel" + std::to_string(i));
      const Expr px = clamp(x, 0, *width - 1), py = clamp(y, 0, *height - 1);
      Expr value;
      if (part.resized) {
        const BilinearAxis across("across", (*inputs[i]).dim(1).extent(), *width);
        const BilinearAxis down("down", (*inputs[i]).dim(2).extent(), *height);
        for (Func f : {across.first, across.second, across.part, down.first, down.second, down.part})
          tables.push_back(f);
        const Expr cc = channel.x;
        const auto row = [&](Func which) {
          const Expr at = which(py);
          const Expr left = (*inputs[i])(cc, across.first(px), at), right = (*inputs[i])(cc, across.second(px), at);
          return left + across.part(px) * (right - left);
        };
        const Expr upper = row(down.first), lower = row(down.second);
        value = upper + down.part(py) * (lower - upper);
      } else {
        value = (*inputs[i])(channel.x, px, py);
      }
      staged(part.offset + channel.x, x, y) = select(inside, value, 0.0f);
    }
  }
};

void Conv2d::parse() {
  part_list.clear();
  std::string text = parts;
  int offset = 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string one = text.substr(0, comma);
    text = comma == std::string::npos ? "" : text.substr(comma + 1);
    Part part;
    part.channels = std::stoi(one);
    part.resized = one.find('u') != std::string::npos;
    const std::size_t at = one.find('p');
    part.pitch = at == std::string::npos ? activations::padded(part.channels) : std::stoi(one.substr(at + 1));
    part.offset = offset;
    offset += activations::padded(part.channels);
    part_list.push_back(part);
  }
  if (part_list.empty()) throw std::runtime_error("conv2d: no parts");
}

}  // namespace

HALIDE_REGISTER_GENERATOR(Conv2d, hairline_conv2d)
