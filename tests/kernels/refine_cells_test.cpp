// Choosing and covering cells, against the reference's choice and by counting.
#include "hairline/kernels/refine_cells.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hairline/layers/patches.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;

namespace {
struct Chosen {
  std::vector<std::uint8_t> map;
  float line = 0;
};
/// @param least  below 0: cells without error may be chosen
Chosen reference(const std::vector<float>& error, int wanted, float least) {
  RunOptions o;
  o.set("refine_mode", static_cast<int>(RefineMode::sampling));
  o.set("refine_sample_pixels", 16 * wanted);
  o.set("refine_prevent_oversampling", least >= 0 ? 1 : 0);
  o.set("refine_least_error", least);
  const auto choice = hairline::detail::choose_cells(error.data(), static_cast<int>(error.size()), o);
  Chosen chosen{std::vector<std::uint8_t>(error.size(), 0), choice.line};
  for (int i : choice.cells) chosen.map[static_cast<std::size_t>(i)] = 1;
  return chosen;
}
}  // namespace

TEST_CASE("mark_worst chooses the reference's cells, ties and zeros included") {
  const auto u = seeded_uniform("errors", 5000, 4);
  std::vector<float> smooth, steps, mostly_zero;
  for (double v : u) {
    smooth.push_back(static_cast<float>(v));
    steps.push_back(static_cast<float>(std::floor(v * 7) / 7));
    mostly_zero.push_back(v > 0.9 ? static_cast<float>(v * 1e-30) : v > 0.5 ? -0.0f : 0.0f);
  }
  for (const auto& error : {smooth, steps, mostly_zero, std::vector<float>(1, 0.5f), std::vector<float>(300, 1.0f)})
    for (int wanted : {0, 1, 2, 17, 299, 300, 2500, 4999, 5000, 6000})
      for (float least : {-1.0f, 0.0f, 0.4f, 1.0f}) {
        std::vector<std::uint8_t> chosen(error.size(), 0);
        const float line = kernels::detail::mark_worst(error, static_cast<std::size_t>(wanted), least, chosen);
        const Chosen right = reference(error, wanted, least);
        INFO(wanted << " of " << error.size() << " above " << least);
        CHECK(chosen == right.map);
        CHECK(line == right.line);
      }
}

TEST_CASE("cover_cells covers every chosen cell once and leaves the others alone") {
  const auto u = seeded_uniform("cells", 40 * 40, 9);
  for (int rows : {1, 3, 4, 9, 40})
    for (int columns : {1, 4, 7, 39})
      for (double share : {0.0, 0.1, 0.5, 1.0}) {
        std::vector<std::uint8_t> chosen;
        for (int i = 0; i < rows * columns; ++i) chosen.push_back(u[static_cast<std::size_t>(i)] < share ? 1 : 0);
        const auto wanted = chosen;
        std::vector<std::int32_t> large, single;
        kernels::detail::cover_cells(chosen, rows, columns, 4, 6, large, single);
        std::vector<int> covered(chosen.size(), 0);
        for (std::size_t i = 0; i < large.size(); i += 2) {
          REQUIRE((large[i] >= 0 && large[i] + 4 <= columns && large[i + 1] >= 0 && large[i + 1] + 4 <= rows));
          for (int y = 0; y < 4; ++y)
            for (int x = 0; x < 4; ++x)
              if (const auto at = static_cast<std::size_t>((large[i + 1] + y) * columns + large[i] + x);
                  chosen[at] == 2)
                covered[at] = 1;
        }
        for (std::size_t i = 0; i < single.size(); i += 2)
          ++covered[static_cast<std::size_t>(single[i + 1] * columns + single[i])];
        INFO(columns << "x" << rows << ", share " << share);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          REQUIRE(covered[i] == int{wanted[i]});
          REQUIRE((chosen[i] != 0) == (wanted[i] != 0));
        }
      }
}
