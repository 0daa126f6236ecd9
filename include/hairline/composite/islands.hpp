#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <queue>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/core/view.hpp"

namespace hairline {

/// What is taken for an island of an alpha: a small piece of foreground far from everything else, such as a car that
/// has moved since the plate was shot.
struct IslandOptions {
  double share = 0.003;  ///< pieces with less than this share of the largest one's sum of alpha; 0: none is one
  double reach = 0.01;   ///< pieces that are not this far apart, as a share of the longer side, are one
  float tie = 0.02f;     ///< alpha of a bridge that ties a piece to another
};

namespace detail {

/// The squares of a picture, `side` pixels each, and how each hangs together with its neighbours, corners included.
class IslandSquares {
 public:
  IslandSquares(View<const float> alpha, const IslandOptions& o)
      : side(std::max(1, static_cast<int>(std::ceil(o.reach * std::max(alpha.height(), alpha.width()))))),
        rows((alpha.height() + side - 1) / side),
        columns((alpha.width() + side - 1) / side),
        peak(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), 0.0f),
        sum(peak.size(), 0.0) {
    for (int y = 0; y < alpha.height(); ++y)
      for (int column = 0; column < columns; ++column) {
        float total = 0, most = 0;
        for (int x = column * side; x < std::min((column + 1) * side, alpha.width()); ++x) {
          total += alpha(y, x);
          most = std::max(most, alpha(y, x));
        }
        const std::size_t at = square(y / side, column);
        sum[at] += static_cast<double>(total);
        peak[at] = std::max(peak[at], most);
      }
  }

  std::size_t square(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
  }
  template <class F>
  void each_neighbour(std::size_t at, F f) const {
    const int row = static_cast<int>(at) / columns, column = static_cast<int>(at) % columns;
    for (int r = std::max(row - 1, 0); r <= std::min(row + 1, rows - 1); ++r)
      for (int c = std::max(column - 1, 0); c <= std::min(column + 1, columns - 1); ++c) f(square(r, c));
  }

  struct Piece {
    std::vector<std::size_t> squares;
    double sum = 0;
  };
  /// Of squares whose peak is at least `level`.
  std::vector<Piece> pieces(float level) const {
    std::vector<bool> seen(peak.size());
    std::vector<Piece> found;
    for (std::size_t first = 0; first < peak.size(); ++first) {
      if (seen[first] || peak[first] < level) continue;
      Piece piece{{first}, 0};
      seen[first] = true;
      for (std::size_t i = 0; i < piece.squares.size(); ++i) {
        piece.sum += sum[piece.squares[i]];
        each_neighbour(piece.squares[i], [&](std::size_t next) {
          if (seen[next] || peak[next] < level) return;
          seen[next] = true;
          piece.squares.push_back(next);
        });
      }
      found.push_back(std::move(piece));
    }
    return found;
  }

  /// Along the best way to each square the least of the levels passed, its start's own included.
  void spread(std::vector<float>& level) const {
    std::priority_queue<std::pair<float, std::size_t>> open;
    for (std::size_t i = 0; i < level.size(); ++i)
      if (level[i] > 0) open.emplace(level[i], i);
    while (!open.empty()) {
      const auto [l, at] = open.top();
      open.pop();
      if (l < level[at]) continue;
      each_neighbour(at, [&, l = l](std::size_t next) {
        const float there = std::min(l, peak[next]);
        if (there <= level[next]) return;
        level[next] = there;
        open.emplace(there, next);
      });
    }
  }

  int side, rows, columns;
  std::vector<float> peak;  ///< largest alpha of each square
  std::vector<double> sum;
};

}  // namespace detail

/// Takes islands out of an alpha. Loose hair is within reach of its head and stays, and so do several subjects. Nothing
/// is decided by a hair's breadth: between half the share and the share, and as the faint alpha that ties it to the
/// subject goes from an eighth of `tie` to `tie`, a piece fades in. Faint alpha away from everything goes too.
/// Shapes: alpha (H, W, 1), in [0,1].  Returns the number of islands.  Cost: about two passes over the pixels.
inline int remove_islands(View<float> alpha, IslandOptions options = {}) {
  if (!(options.share > 0) || alpha.height() == 0 || alpha.width() == 0) return 0;
  const detail::IslandSquares squares(alpha, options);
  const auto pieces = squares.pieces(options.tie);
  if (pieces.empty()) return 0;
  double largest = 0;
  for (const auto& piece : pieces) largest = std::max(largest, piece.sum);
  std::vector<float> tied(squares.peak.size(), 0.0f);
  for (const auto& piece : pieces) {
    const double own = std::clamp(2 * piece.sum / (options.share * largest) - 1, 0.0, 1.0);
    for (const std::size_t at : piece.squares) tied[at] = options.tie * static_cast<float>(own);
  }
  squares.spread(tied);
  int islands = 0;
  for (const auto& piece : pieces) islands += tied[piece.squares[0]] < options.tie;
  const float none = options.tie / 8;
  for (std::size_t at = 0; at < tied.size(); ++at) {
    const float kept = std::clamp((tied[at] - none) / (options.tie - none), 0.0f, 1.0f);
    if (kept == 1) continue;
    const int top = static_cast<int>(at) / squares.columns * squares.side,
              left = static_cast<int>(at) % squares.columns * squares.side;
    for (int y = top; y < std::min(top + squares.side, alpha.height()); ++y)
      for (int x = left; x < std::min(left + squares.side, alpha.width()); ++x) alpha(y, x) *= kept;
  }
  return islands;
}

}  // namespace hairline
