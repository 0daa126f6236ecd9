#include <Halide.h>

#include <array>
#include <string>
#include <vector>

#include "lowering/activations.hpp"

namespace {
using namespace Halide;

/// Which cells are refined, and which tiles refine them, on a device: the error map brought to one value a cell, the
/// worst cells marked in the reference's total order (error descending, then row-major), squares of 4x4 cells made of
/// those that have enough, the others listed one by one. Every stage is a parallel loop over all cells or less, or one
/// block of threads; only the three counts go to the host.
///
/// The largest errors are found as on the CPU: non-negative floats are ordered as their bits are, so three histograms
/// of 11 bits give the bits of the last error that is taken. Positions in the lists are counts of what comes before: of
/// 64 cells each in parallel, then over these in one block of threads, for all lists at once.
class SelectCells : public Generator<SelectCells> {
 public:
  GeneratorParam<int> pitch{"pitch", 48};         ///< of the buffer that holds the error map
  GeneratorParam<int> least{"least", 7};          ///< cells that make a square worth while
  Input<Buffer<float, 3>> error{"error"};         // c (the map is channel 0), x, y
  Input<Buffer<int32_t, 2>> across{"across"};     // (first, second, weight's bits), column: where a cell looks
  Input<Buffer<int32_t, 2>> down{"down"};         // the same for rows
  Input<int> mode{"mode"};                        // of RefineMode: 0 sampling, 1 thresholding, 2 full, 3 none
  Input<int> wanted{"wanted"};                    // sampling: cells
  Input<float> least_error{"least_error"};        // sampling, thresholding: cells have more error than this
  Input<float> fade{"fade"};                      // see refined_share() of layers/patches.hpp
  Input<int> zero{"zero"};                        // 0, which the compiler does not know
  Output<Buffer<int32_t, 2>> slot{"slot"};        // x, y: k + 1 of a single cell, -(k + 1) of one in a square, or 0
  Output<Buffer<int32_t, 2>> squares{"squares"};  // (column, row) of its first cell, square
  Output<Buffer<int32_t, 2>> singles{"singles"};  // (column, row), cell
  Output<Buffer<int32_t, 1>> counts{"counts"};    // squares, single cells, cells refined
  Output<Buffer<float, 2>> share{"share"};        // x, y: how much of a refined cell's patch counts

  void generate() {
    width = slot.dim(0).extent();
    height = slot.dim(1).extent();
    count = width * height;
    find_errors();
    const Func flagged = choose();

    const Expr square_columns = (width + 3) / 4, square_rows = (height + 3) / 4;
    const Expr square_count = square_columns * square_rows;
    Func large("large"), alone("alone");
    RDom cell(0, 4, 0, 4, "cell");
    const Expr cx = 4 * (i % square_columns) + cell.x, cy = 4 * (i / square_columns) + cell.y;
    const Expr inside = cx < width && cy < height;
    const Expr here = select(inside, cast<int>(flagged(clamp(cy * width + cx, 0, count - 1))), 0);
    const Expr many = sum(cell, here, "many") >= least && width >= 4 && height >= 4 && i < square_count;
    large(i) = cast<uint8_t>(many);
    const auto square_of = [&](const Expr& x, const Expr& y) {
      return unsafe_promise_clamped((y / 4) * square_columns + x / 4, 0, square_count - 1);
    };
    alone(i) = cast<uint8_t>(flagged(i) != 0 && large(square_of(i % width, i / width)) == 0);
    spread(large);
    spread(alone);
    const Scan lists = scan({large, alone, flagged}, "lists");

    const Expr at = clamp(y * width + x, 0, count - 1), square = square_of(x, y);
    slot(x, y) = select(flagged(at) == 0, 0, large(square) != 0, -1 - lists.before(0, square), lists.before(1, at) + 1);
    squares(k, t) = undef<int>();
    RDom s(0, square_count, "s");
    s.where(large(s) != 0);
    const Expr left = min(4 * (s % square_columns), width - 4), top = min(4 * (s / square_columns), height - 4);
    squares(k, unsafe_promise_clamped(lists.before(0, s), 0, square_count - 1)) = select(k == 0, left, top);
    singles(k, t) = undef<int>();
    RDom c(0, count, "c");
    c.where(alone(c) != 0);
    singles(k, unsafe_promise_clamped(lists.before(1, c), 0, count - 1)) = select(k == 0, c % width, c / width);
    counts(k) = lists.total(k);
    const Expr line = select(mode == 0, max(least_error, select(wanted < count, reinterpret<float>(last_taken), 0.0f)),
                             mode == 1, least_error, 0.0f);
    const Expr part = clamp((errors(at) - line) / (line * fade), 0.0f, 1.0f);
    share(x, y) = select(line > 0.0f && fade > 0.0f, part, 1.0f);

    activations::tensor(error, pitch, true);
    for (auto* taps : {&across, &down}) {
      taps->dim(0).set_bounds(0, 3);
      taps->dim(1).set_min(0).set_stride(3);
    }
    for (auto* list : {&squares, &singles}) {
      list->dim(0).set_bounds(0, 2);
      list->dim(1).set_min(0).set_stride(2);
    }
    slot.dim(0).set_min(0);
    slot.dim(1).set_min(0).set_stride(width);
    share.dim(0).set_bounds(0, width);
    share.dim(1).set_bounds(0, height).set_stride(width);
    counts.dim(0).set_bounds(0, 3);
  }

  void schedule() {
    Var xb("xb"), yb("yb"), xt("xt"), yt("yt");
    slot.gpu_tile(x, y, xb, yb, xt, yt, 16, 4, TailStrategy::GuardWithIf);
    share.gpu_tile(x, y, xb, yb, xt, yt, 16, 4, TailStrategy::GuardWithIf);
    scatter(squares);
    scatter(singles);
    counts.bound(k, 0, 3).gpu_blocks(k);
  }

 private:
  static constexpr int block = 64, threads = 256, digits[] = {22, 11, 0}, buckets = 2048;

  /// Counts over functions that are 0 outside of their ranges: what lies before a place, and all.
  struct Scan {
    std::vector<Func> flags;
    Func blocks, blocks_before;
    Expr last;  // block
    Expr before(int which, const Expr& at) const {
      RDom r(0, block, "before");
      const Expr flag = cast<int>(flags[static_cast<std::size_t>(which)]((at / block) * block + r));
      return blocks_before(at / block, which) + sum(r, select(r < at % block, flag, 0), "before_sum");
    }
    Expr total(const Expr& which) const { return blocks_before(last, which) + blocks(last, which); }
  };

  /// @param flags  defined everywhere, 0 where they do not count
  Scan scan(const std::vector<Func>& flags, const std::string& name) {
    Scan s{flags, Func(name + "_blocks"), Func(name + "_before"), (count - 1) / block};
    RDom r(0, block, "r");
    std::vector<Expr> of;
    for (const Func& flag : flags) of.push_back(cast<int>(flag(i * block + r)));
    s.blocks(i, t) = sum(r, of.size() == 1 ? of[0] : mux(t, of), name + "_sum");
    // Each thread counts a piece, and what lies before it: first of the pieces, then in its own.
    const Expr piece = (s.last + threads) / threads;
    Func pieces(name + "_pieces"), higher(name + "_higher");
    RDom p(0, piece, "p"), h(0, threads, "h"), q(0, piece, "q");
    const auto counted = [&](const Expr& at) { return select(at <= s.last, s.blocks(min(at, s.last), t), 0); };
    pieces(i, t) = sum(p, counted(i * piece + p), name + "_sum2");
    higher(i, t) = sum(h, select(h < i, pieces(h, t), 0), name + "_sum3");
    s.blocks_before(i, t) = higher(unsafe_promise_clamped(i / piece, 0, threads - 1), t) +
                            sum(q, select(q < i % piece, counted((i / piece) * piece + q), 0), name + "_sum4");
    Var ib("ib"), it("it");
    s.blocks.compute_root().gpu_tile(i, ib, it, 64, TailStrategy::GuardWithIf).gpu_blocks(t);
    s.blocks_before.compute_root()
        .split(i, ib, it, threads, TailStrategy::GuardWithIf)
        .reorder(it, ib, t)
        .gpu_blocks(t)
        .gpu_threads(it);
    for (Func f : {pieces, higher}) f.compute_at(s.blocks_before, t).bound(i, 0, threads).gpu_threads(i);
    return s;
  }
  void spread(Func f) {
    Var ib("ib"), it("it");
    f.compute_root().gpu_tile(f.args()[0], ib, it, 64, TailStrategy::GuardWithIf);
  }
  template <class List>
  void scatter(List& list) {
    Func f = list;
    const RVar r = f.rvars(0)[0];
    RVar rb("rb"), rt("rt");
    Var tb("tb"), tt("tt");
    f.bound(k, 0, 2).reorder(k, t).gpu_tile(t, tb, tt, 64, TailStrategy::GuardWithIf);
    f.update().allow_race_conditions();  // no two write one place
    f.update().reorder(k, r).unroll(k).gpu_tile(r, rb, rt, 64, TailStrategy::GuardWithIf);
  }

  /// Products and sums are rounded one by one, as on the CPU: fused they could order equal errors differently.
  Expr rounded(const Expr& v) const { return reinterpret<float>(reinterpret<uint32_t>(v) ^ cast<uint32_t>(zero)); }

  void find_errors() {
    const Expr at = clamp(i, 0, count - 1), cx = at % width, cy = at / width;
    const auto weight = [](const Expr& bits) { return reinterpret<float>(bits); };
    const auto value = [&](const Expr& px, const Expr& py) {
      return error(0, unsafe_promise_clamped(px, 0, error.dim(1).extent() - 1),
                   unsafe_promise_clamped(py, 0, error.dim(2).extent() - 1));
    };
    const auto blend = [&](const Expr& a, const Expr& b, const Expr& part) {
      return rounded(a * (1.0f - part)) + rounded(b * part);
    };
    const auto row = [&](const Expr& py) {
      return rounded(blend(value(across(0, cx), py), value(across(1, cx), py), weight(across(2, cx))));
    };
    const Expr same = width == error.dim(1).extent() && height == error.dim(2).extent();
    errors(i) = select(same, value(cx, cy), blend(row(down(0, cy)), row(down(1, cy)), weight(down(2, cy))));
    spread(errors);
  }
  /// Ordered as the errors are; 0 for none, for negative ones and for what is no number.
  Expr key(const Expr& at) const {
    const Expr e = errors(at);
    return select(e > 0.0f, reinterpret<int32_t>(e), 0);
  }

  /// The digit of the last error that is taken: fewer than wanted are above it, and enough with it (-1: there are not
  /// enough); how many are above it; how many there are. One block of threads finds first its group of 32.
  Func find_digit(const Func& histogram, const Expr& left, const std::string& n) {
    constexpr int of_group = 32, groups = buckets / of_group;
    Func group("group" + n), higher("higher" + n), where("where" + n), above("above" + n), digit("digit" + n),
        state("state" + n);
    RDom g(0, of_group, "g" + n), h(0, groups, "h" + n), a(0, groups, "a" + n), b(0, of_group, "b" + n),
        d(0, of_group, "d" + n);
    const auto holds = [&](const Expr& beyond, const Expr& own) { return beyond < left && left <= beyond + own; };
    group(i) = sum(g, histogram(of_group * i + g), "group_sum" + n);
    higher(i) = sum(h, select(h > i, group(h), 0), "higher_sum" + n);
    where(i) = maximum(a, select(holds(higher(a), group(a)), a, -1), "where_max" + n);
    const Expr first = of_group * clamp(where(0), 0, groups - 1);
    above(i) = higher(clamp(where(0), 0, groups - 1)) + sum(b, select(b > i, histogram(first + b), 0), "above_sum" + n);
    digit(i) = maximum(d, select(where(0) >= 0 && holds(above(d), histogram(first + d)), d, -1), "digit_max" + n);
    state(i) = Tuple(select(digit(0) >= 0, first + digit(0), -1), above(clamp(digit(0), 0, of_group - 1)),
                     higher(0) + group(0));
    Var ib("ib"), it("it");
    state.compute_root().bound(i, 0, 1).split(i, ib, it, 1).gpu_blocks(ib).gpu_threads(it);
    group.compute_at(state, ib).bound(i, 0, groups).gpu_threads(i);
    higher.compute_at(state, ib).bound(i, 0, groups).gpu_threads(i);
    where.compute_at(state, ib).bound(i, 0, 1).gpu_threads(i);
    above.compute_at(state, ib).bound(i, 0, of_group).gpu_threads(i);
    digit.compute_at(state, ib).bound(i, 0, 1).gpu_threads(i);
    return state;
  }

  /// 1 for each chosen cell, 0 beyond the last.
  Func choose() {
    const Expr most = clamp(wanted, 0, count);
    Expr prefix = 0, left = most;
    for (int p = 0; p < 3; ++p) {
      const int shift = digits[p];
      const std::string n = std::to_string(p);
      Func histogram("histogram" + n);
      RDom r(0, count, "r" + n);
      const Expr of = key(r);
      Expr counted = of != 0;
      if (p > 0) counted = counted && (of >> (shift + 11)) == prefix;
      r.where(counted);
      histogram(i) = 0;
      histogram(clamp((of >> shift) % buckets, 0, buckets - 1)) += 1;
      Var ib("ib"), it("it");
      RVar rb("rb"), rt("rt");
      histogram.compute_root().bound(i, 0, buckets).gpu_tile(i, ib, it, 64);
      histogram.update().atomic().gpu_tile(r, rb, rt, 64, TailStrategy::GuardWithIf);
      const Func found = find_digit(histogram, left, n);
      const Expr digit = clamp(found(0)[0], -1, buckets - 1);
      // Fewer errors than wanted: the rest are cells without any, whose key is 0.
      if (p == 0) enough = digit >= 0;
      left = select(enough, left - found(0)[1], p == 0 ? left - found(0)[2] : left);
      prefix = select(enough, prefix * buckets + max(digit, 0), 0);
    }
    last_taken = prefix;
    const Expr inside = i >= 0 && i < count;
    const Expr at = clamp(i, 0, count - 1);
    Func ties("ties"), flagged("flagged");
    ties(i) = inside && key(at) == prefix;
    const Scan equal = scan({ties}, "ties");
    const Expr worst = key(at) > prefix || (key(at) == prefix && equal.before(0, i) < left);
    const Expr enough_error = errors(at) > least_error;
    flagged(i) = cast<uint8_t>(
        inside && select(mode == 0, most > 0 && worst && enough_error, mode == 1, enough_error, mode == 2));
    spread(flagged);
    return flagged;
  }

  Var i{"i"}, x{"x"}, y{"y"}, k{"k"}, t{"t"};
  Expr width, height, count, enough, last_taken;  // the last: bits of an error
  Func errors{"errors"};
};

}  // namespace

HALIDE_REGISTER_GENERATOR(SelectCells, hairline_select_cells)
