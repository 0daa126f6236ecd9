#include <Halide.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "lowering/dense_conv.hpp"

namespace {
using namespace Halide;

/// Halide 21 gives a Func in MemoryType::AMXTile a single tile register, whatever the Func's size: all of its tiles
/// would share it. This gives each its own: the tiles that are zeroed, advanced and stored one after the other (loops
/// over them are unrolled) take turns.
class TilesApart : public Internal::IRMutator {
 public:
  explicit TilesApart(int tiles) : tiles_(tiles) {}

 private:
  using Internal::IRMutator::visit;

  Internal::Stmt visit(const Internal::Allocate* op) override {
    if (op->memory_type != MemoryType::AMXTile) return IRMutator::visit(op);
    if (!name_.empty()) throw std::runtime_error("conv2d_amx: tiles within tiles");
    name_ = op->name;
    counts_.clear();
    Internal::Stmt body = mutate(op->body);
    for (const auto& [what, count] : counts_)
      if (count % tiles_ != 0) throw std::runtime_error("conv2d_amx: " + what + " is not there once for each tile");
    if (counts_.size() != 3)
      throw std::runtime_error("conv2d_amx: Halide did not make tile operations of the products");
    for (int i = 0; i < tiles_; ++i)
      body = Internal::Allocate::make(one(i), op->type, op->memory_type, op->extents, op->condition, body);
    name_.clear();
    return body;
  }
  Internal::Stmt visit(const Internal::Free* op) override {
    if (op->name != name_) return op;
    Internal::Stmt all = Internal::Free::make(one(0));
    for (int i = 1; i < tiles_; ++i) all = Internal::Block::make(all, Internal::Free::make(one(i)));
    return all;
  }
  Internal::Stmt visit(const Internal::Store* op) override {
    if (op->name != name_) return IRMutator::visit(op);
    const auto* call = op->value.as<Internal::Call>();
    if (call == nullptr) throw std::runtime_error("conv2d_amx: a tile is given what is no tile");
    current_ = counts_[call->name]++ % tiles_;
    return Internal::Store::make(one(current_), mutate(op->value), op->index, op->param, op->predicate, op->alignment);
  }
  Expr visit(const Internal::Load* op) override {
    if (op->name != name_) return IRMutator::visit(op);
    return Internal::Load::make(op->type, one(current_), op->index, op->image, op->param, op->predicate, op->alignment);
  }
  Expr visit(const Internal::Call* op) override {
    if (op->name == "tile_store") current_ = counts_[op->name]++ % tiles_;
    return IRMutator::visit(op);
  }
  std::string one(int which) const { return name_ + std::to_string(which); }

  int tiles_, current_ = 0;
  std::string name_;
  std::map<std::string, int> counts_;  // of what is done to tiles
};

/// hairline_conv2d for bfloat16 products on AMX tiles: the same ports, weights in the same order, for processors that
/// have tiles. A tile of the input is 16 pixels by 32 channels, read from the staged rows as they lie: neighbours in
/// the result are `stride` pixels apart there, so every tap of any kernel is a tile of its own and no panel has to be
/// made of them. Pixels beyond the row and channels beyond the last are zeros in the staged rows. Sums of a block of
/// tiles stay in tile registers for the whole reduction.
class Conv2dAmx : public DenseConv<Conv2dAmx> {
 public:
  // Schedule knobs.
  GeneratorParam<int> tiles_c{"tiles_c", 0};  ///< tiles of 16 channels in a block; 0: by the channels
  GeneratorParam<int> tiles_x{"tiles_x", 0};  ///< tiles of 16 pixels in a block
  GeneratorParam<int> rows{"rows", 0};        ///< that pass at most for each block of channels; 0: by the weights
  GeneratorParam<int> groups{"groups", 0};    ///< of blocks of channels at the same time; 0: by the weights

  // Weights: both of a pair of inputs for each c of a tile, pair, kx, ky, tile.
  void configure() { add_ports(BFloat(16)); }

  void generate() {
    choose_block();
    describe_ports();
    // Channels in whole tiles: what the last input lacks of them is zeros.
    ConvInput::Part& last = input.parts.back();
    last.pitch = ConvInput::round_up(last.channels, 16);
    last.channels = ConvInput::round_up(last.offset + last.channels, deep) - last.offset;
    if (copied())
      copy_rows();
    else
      input.define(inputs, *width, *height, true, BFloat(16));

    RDom r(0, deep, 0, input.total() / deep, 0, kernel, 0, kernel, "r");
    const int step = skips() ? 1 : static_cast<int>(stride);
    const Expr sx = ((xb * across + xt) * side + xi) * step + r[2] * dilation - padding;
    const Expr sy = y * step + r[3] * dilation - padding, from = r[1] * deep + r[0];
    const Expr value = apart()    ? panel(from, sx, y * kernel + r[3])
                       : copied() ? panel(from, sx, sy)
                                  : input.staged(from, sx, sy);
    // All rows of weights lie one below the other, whichever tap and tile they are of, and are counted through: that is
    // the form in which Halide sees that they are a tile. What checks the buffer is told of the first tap's alone.
    const int deeps = input.total() / deep, half = deep / 2;
    const Expr first = half * (r[1] + deeps * (r[2] + kernel * (r[3] + kernel * (cb * down + ct))));
    const Expr row = unsafe_promise_clamped(first, 0, half * (deeps - 1)) + r[0] / 2;
    const Expr weight = (*weights)(2 * ci + r[0] % 2, row, 0, 0, 0);
    conv(ci, xi, ct, xt, cb, xb, y) = 0.0f;
    conv(ci, xi, ct, xt, cb, xb, y) += cast<float>(value) * cast<float>(weight);
    sums(ci, ct, xi, xt, cb, xb, y) = conv(ci, xi, ct, xt, cb, xb, y);

    const Expr sum = sums(c % side, c / side % down, x % side, x / side % across, c / block_c, x / block_x, y);
    (*result)(c, x, y) = finished(sum + (*bias)(c), x, y);
    describe_weights(2 * side, input.total() / 2, kernel, kernel, padded() / side);
  }

  void schedule() {
    Func out = *result;
    const Expr strip = max((out.output_buffer().dim(2).extent() + *tasks / 2) / *tasks, 1);
    const Expr passes = (strip + most_rows - 1) / most_rows;
    out.bound(c, 0, padded())
        .split(c, co, ci, block_c)
        .split(co, cg, co, padded() / block_c / at_once)
        .split(ci, ct, ci, side)
        .split(x, xo, xi, block_x, TailStrategy::GuardWithIf)
        .split(y, yo, yi, strip, TailStrategy::GuardWithIf)
        .split(yi, ym, yi, (strip + passes - 1) / passes, TailStrategy::GuardWithIf)
        .reorder(ci, ct, xi, xo, yi, co, ym, yo, cg)
        .vectorize(ci)
        .unroll(ct)
        .never_partition(xo, xi, yi, ym, yo)
        .fuse(yo, cg, yo)
        .parallel(yo);
    const auto block = [&](Func tiles, MemoryType where) {
      tiles.compute_at(out, xo)
          .store_in(where)
          .bound_extent(ct, down)
          .bound_extent(xt, across)
          .bound_extent(cb, 1)
          .bound_extent(xb, 1)
          .bound_extent(y, 1)
          .bound(ci, 0, side)
          .bound(xi, 0, side)
          .reorder(ci, xi, ct, xt)
          .vectorize(ci)
          .vectorize(xi)
          .unroll(ct)
          .unroll(xt);
    };
    block(sums, MemoryType::Stack);
    block(conv, MemoryType::AMXTile);
    const auto r = conv.rvars(0);
    conv.update()
        .reorder(r[0], ci, xi, ct, xt, r[1], r[2], r[3])
        .atomic()
        .vectorize(r[0])
        .vectorize(ci)
        .vectorize(xi)
        .unroll(ct)
        .unroll(xt);
    if (down == 1) sums.align_storage(ci, 2 * side);  // rows apart are what Halide stores a tile to
    if (copied()) {
      // Pixels that lie a large power of two apart share a few sets of the cache.
      const int spread = input.total() % 1024 == 0 ? deep : 0;
      panel.compute_at(out, ym).bound(c, 0, input.total() + spread);
      for (int i = 0; i < panel.num_update_definitions(); ++i)
        panel.update(i).vectorize(panel.rvars(i)[0], copied_lanes[static_cast<std::size_t>(i)]).never_partition(y);
    } else {
      input.staged.compute_at(out, ym);
      input.schedule(natural_vector_size<float>(), input.plain());
    }
    get_pipeline().add_custom_lowering_pass(new TilesApart(down * across));
  }

 private:
  static constexpr int side = 16, deep = 32;  // of a tile

  /// Whether the staged rows hold the inputs' very numbers: nothing is resized or rounded.
  bool copied() const {
    bool all = !input.resizes();
    for (std::size_t i = 0; i < input.parts.size(); ++i) all = all && element(i) == BFloat(16);
    return all;
  }
  /// Whether the staged rows hold only the pixels that are wanted.
  bool skips() const { return copied() && kernel == 1 && padding == 0; }

  /// Whether each tap's row is copied for each row of the result: taps are so far apart that little would be shared.
  bool apart() const { return copied() && (kernel - 1) * dilation > most_rows; }

  void copy_rows() {
    panel(c, x, y) = undef<bfloat16_t>();
    const auto add = [&](int first, int count, const std::function<Expr(const RDom&)>& bits) {
      RDom channel(0, count, "channel" + std::to_string(first));
      panel(first + channel, x, y) = reinterpret(BFloat(16), bits(channel));
      copied_lanes.push_back(count % deep == 0 ? deep : side);
    };
    const int step = skips() ? static_cast<int>(stride) : 1;
    const Expr sx = x * step, sy = apart() ? y / kernel * stride + y % kernel * dilation - padding : y * step;
    const Expr px = clamp(sx, 0, *width - 1), py = clamp(sy, 0, *height - 1);
    const Expr nothing = cast<std::uint16_t>(0), in_row = sx >= 0 && sx < *width, in_column = sy >= 0 && sy < *height;
    for (std::size_t i = 0; i < input.parts.size(); ++i) {
      const ConvInput::Part& part = input.parts[i];
      const int room = ConvInput::round_up(part.channels, 16), there = std::min(room, part.pitch);
      add(part.offset, there, [&](const RDom& channel) {
        const Expr bits = reinterpret(UInt(16), (*inputs[i])(channel, px, py));
        return select(in_column, likely(select(in_row, bits, nothing)), nothing);
      });
      if (there < room) add(part.offset + there, room - there, [&](const RDom&) { return nothing; });
    }
  }

  /// Of the eight tile registers up to four hold sums; the others what is multiplied.
  void choose_block() {
    const int tiles = padded() / side;
    down = tiles_c > 0 ? static_cast<int>(tiles_c) : tiles % 2 == 0 ? 2 : tiles % 3 == 0 ? 3 : 1;
    across = tiles_x > 0 ? static_cast<int>(tiles_x) : down == 2 ? 2 : down == 3 ? 1 : 4;
    if (tiles % down != 0) throw std::runtime_error("conv2d_amx: tiles_c does not divide the channels");
    const int blocks = tiles / down;
    // Many weights come from afar for each pass. They are those of layers with few rows, too, which alone would not
    // keep many threads busy; copying rows once for each group costs little where much is done with them.
    const int numbers = ConvInput::round_up(input.padded(), deep) * padded() * kernel * kernel;
    const bool many = numbers > 1 << 18;
    most_rows = rows > 0 ? static_cast<int>(rows) : many ? 8 : 4;
    at_once = std::max(1, static_cast<int>(groups));
    // Rows that are copied for most_rows rows of the result.
    const int copies = apart() ? kernel * most_rows : (kernel - 1) * dilation + most_rows;
    while (groups == 0 && many && at_once < 4 && blocks % (2 * at_once) == 0 &&
           padded() * kernel * kernel * most_rows / (2 * at_once * copies) >= 256)
      at_once *= 2;
    if (blocks % at_once != 0) throw std::runtime_error("conv2d_amx: groups does not divide the blocks of channels");
    block_c = down * side;
    block_x = across * side;
  }

  Var ci{"ci"}, xi{"xi"}, ct{"ct"}, xt{"xt"}, cb{"cb"}, xb{"xb"};
  Var co{"co"}, cg{"cg"}, xo{"xo"}, yo{"yo"}, yi{"yi"}, ym{"ym"};
  Func conv{"conv"}, sums{"sums"}, panel{"panel"};
  std::vector<int> copied_lanes;  // of each of panel's updates
  int down = 0, across = 0, block_c = 0, block_x = 0, most_rows = 0, at_once = 1;
};

}  // namespace

HALIDE_REGISTER_GENERATOR(Conv2dAmx, hairline_conv2d_amx)
