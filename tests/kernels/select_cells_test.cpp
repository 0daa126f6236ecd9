// Cells chosen on a device: the CPU's choice to the last tie, and tiles that cover it.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/kernels/argument.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/device_buffer.hpp"
#include "hairline/kernels/opencl.hpp"
#include "hairline/kernels/refine_cells.hpp"
#include "hairline/layers/patches.hpp"
#include "hairline/layers/resize.hpp"
#include "hairline/weights/seeded.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_opencl;

namespace {
using namespace hairline;
using kernels::detail::Argument;

struct Map {
  int width = 0, height = 0;
  std::vector<float> values;
  float at(int x, int y) const { return values[static_cast<std::size_t>(y * width + x)]; }
};

struct Settings {
  RefineMode mode = RefineMode::sampling;
  int wanted = 0;
  float least = 0;  ///< error of chosen cells is above it; of sampling -1: whatever it is
  float fade = 0;
};

/// One error a cell, in the reference's arithmetic.
std::vector<float> resized(const Map& map, int width, int height) {
  std::vector<float> to;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const auto v = hairline::detail::bilinear_tap(y, map.height, height);
      const auto h = hairline::detail::bilinear_tap(x, map.width, width);
      const float top = map.at(h.first, v.first) * (1 - h.weight) + map.at(h.second, v.first) * h.weight;
      const float low = map.at(h.first, v.second) * (1 - h.weight) + map.at(h.second, v.second) * h.weight;
      to.push_back(width == map.width && height == map.height ? map.at(x, y) : top * (1 - v.weight) + low * v.weight);
    }
  return to;
}

struct HostChoice {
  std::vector<std::uint8_t> map;
  std::vector<float> share;
};
HostChoice host_choice(const std::vector<float>& error, const Settings& s) {
  std::vector<std::uint8_t> chosen(error.size(), s.mode == RefineMode::full ? 1 : 0);
  float line = s.mode == RefineMode::thresholding ? s.least : 0;
  if (s.mode == RefineMode::thresholding)
    for (std::size_t i = 0; i < error.size(); ++i) chosen[i] = error[i] > s.least;
  if (s.mode == RefineMode::sampling)
    line = kernels::detail::mark_worst(error, static_cast<std::size_t>(s.wanted), s.least, chosen);
  std::vector<float> share;
  for (float e : error) share.push_back(hairline::detail::refined_share(e, line, s.fade));
  return {chosen, share};
}

struct Choice {
  std::vector<std::int32_t> slot, squares, singles, counts;
  std::vector<float> share;
};

Choice device_choice(const Map& map, int width, int height, const Settings& s) {
  const kernels::Library& library = hairline_kernels_bgmv2_mobilenetv2_opencl;
  const kernels::Backend on = kernels::opencl_backend(library);
  std::string name;
  for (std::size_t i = 0; i < library.count; ++i)
    if (std::string_view(library.kernels[i].name).starts_with("select_cells_p")) name = library.kernels[i].name;
  REQUIRE(!name.empty());
  const int pitch = std::stoi(name.substr(std::string("select_cells_p").size())), channel = 4;
  // The map is one channel of a wider buffer, as in a network.
  std::vector<float> error(map.values.size() * static_cast<std::size_t>(pitch), 7.0f);
  for (std::size_t i = 0; i < map.values.size(); ++i)
    error[i * static_cast<std::size_t>(pitch) + static_cast<std::size_t>(channel)] = map.values[i];
  const auto taps = [](int from, int to) {
    std::vector<std::int32_t> list;
    for (int i = 0; i < to; ++i) {
      const auto tap = hairline::detail::bilinear_tap(i, from, to);
      list.insert(list.end(), {tap.first, tap.second, std::bit_cast<std::int32_t>(tap.weight)});
    }
    return list;
  };
  const auto across = taps(map.width, width), down = taps(map.height, height);
  const int squares = ((width + 3) / 4) * ((height + 3) / 4), count = width * height;
  Choice made{std::vector<std::int32_t>(static_cast<std::size_t>(count)),
              std::vector<std::int32_t>(2 * static_cast<std::size_t>(squares)),
              std::vector<std::int32_t>(2 * static_cast<std::size_t>(count)), std::vector<std::int32_t>(3),
              std::vector<float>(static_cast<std::size_t>(count))};
  kernels::DeviceBuffer memory[8];
  const auto lend = [&](std::size_t which, Argument a, const auto& host) {
    memory[which].upload(on, host.data(), host.size() * sizeof(host[0])).value();
    memory[which].lend(a.buffer);
    return a;
  };
  const auto numbers = [](auto extents) { return Argument::dense(nullptr, extents, 0, 32); };
  Argument map_argument =
      Argument::of(nullptr, std::array<kernels::BufferAxis, 3>{
                                kernels::BufferAxis{-channel, pitch, 1, 0}, kernels::BufferAxis{0, map.width, pitch, 0},
                                kernels::BufferAxis{0, map.height, pitch * map.width, 0}});
  Argument arguments[] = {lend(0, map_argument, error),
                          lend(1, numbers(std::array<int, 2>{3, width}), across),
                          lend(2, numbers(std::array<int, 2>{3, height}), down),
                          lend(3, numbers(std::array<int, 2>{width, height}), made.slot),
                          lend(4, numbers(std::array<int, 2>{2, squares}), made.squares),
                          lend(5, numbers(std::array<int, 2>{2, count}), made.singles),
                          lend(6, numbers(std::array<int, 1>{3}), made.counts),
                          lend(7, Argument::dense(nullptr, std::array<int, 2>{width, height}), made.share)};
  int mode = static_cast<int>(s.mode), wanted = s.wanted, zero = 0;
  float least = s.least, fade = s.fade;
  void* list[] = {nullptr,
                  arguments[0].pointer(),
                  arguments[1].pointer(),
                  arguments[2].pointer(),
                  &mode,
                  &wanted,
                  &least,
                  &fade,
                  &zero,
                  arguments[3].pointer(),
                  arguments[4].pointer(),
                  arguments[5].pointer(),
                  arguments[6].pointer(),
                  arguments[7].pointer()};
  kernels::detail::run(on, name, list).value();
  std::vector<std::int32_t>* const results[] = {&made.slot, &made.squares, &made.singles, &made.counts};
  for (std::size_t i = 0; i < 4; ++i)
    memory[3 + i].download(results[i]->data(), results[i]->size() * sizeof(std::int32_t)).value();
  memory[7].download(made.share.data(), made.share.size() * sizeof(float)).value();
  return made;
}

/// The device's cells are the host's, and every one of them has its place in exactly one tile.
void check(const Map& map, int width, int height, const Settings& s) {
  const HostChoice host = host_choice(resized(map, width, height), s);
  const auto& wanted = host.map;
  const Choice made = device_choice(map, width, height, s);
  INFO(map.width << "x" << map.height << " to " << width << "x" << height << ", mode " << static_cast<int>(s.mode)
                 << ", " << s.wanted << " above " << s.least << ", fade " << s.fade);
  int differ = 0, refined = 0, wrong = 0, next = 0;
  std::vector<int> in_square(made.squares.size() / 2, 0);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const std::int32_t slot = made.slot[static_cast<std::size_t>(y * width + x)];
      differ += (slot != 0) != (wanted[static_cast<std::size_t>(y * width + x)] != 0);
      refined += slot != 0;
      if (slot > 0) {  // listed in row-major order
        const auto k = static_cast<std::size_t>(slot - 1);
        wrong += slot != ++next || made.singles[2 * k] != x || made.singles[2 * k + 1] != y;
      }
      if (slot < 0) {
        const auto k = static_cast<std::size_t>(-slot - 1);
        wrong += -slot > made.counts[0] || made.squares[2 * k] != std::min(x / 4 * 4, width - 4) ||
                 made.squares[2 * k + 1] != std::min(y / 4 * 4, height - 4);
        ++in_square[k];
      }
    }
  float share = 0;  // of cells that are refined; the quotient may be rounded otherwise
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] != 0) share = std::max(share, std::abs(made.share[i] - host.share[i]));
  CHECK(share <= 1e-5f);
  CHECK(differ == 0);
  CHECK(wrong == 0);
  CHECK(made.counts[1] == next);
  CHECK(made.counts[2] == refined);
  for (int k = 0; k < made.counts[0]; ++k) CHECK(in_square[static_cast<std::size_t>(k)] >= 7);
}

Map map_of(int width, int height, const std::string& kind) {
  Map map{width, height, {}};
  for (double v : seeded_uniform("errors " + kind, static_cast<std::size_t>(width * height), 4)) {
    const double steps = std::floor(v * 5) / 5, sparse = v > 0.9 ? v * 1e-30 : v > 0.5 ? -0.0 : 0.0;
    map.values.push_back(static_cast<float>(kind == "smooth"  ? v
                                            : kind == "steps" ? steps
                                            : kind == "flat"  ? 0.25
                                                              : sparse));
  }
  return map;
}
}  // namespace

TEST_CASE("device: cells are the host's choice, ties and zeros included") {
  for (const char* kind : {"smooth", "steps", "flat", "sparse"})
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 5}, {37, 23}, {131, 70}})
      for (int wanted : {0, 1, width * height / 3, width * height - 1, width * height + 5})
        for (float least : {-1.0f, 0.0f, 0.4f})
          check(map_of(width, height, kind), width, height,
                {RefineMode::sampling, wanted, least, wanted % 2 == 0 ? 0.7f : 0});
  // So many that a thread counts several blocks of 64, and not as many in the last one.
  for (const char* kind : {"smooth", "steps", "flat"})
    for (int wanted : {0, 7000, 30000}) check(map_of(211, 157, kind), 211, 157, {RefineMode::sampling, wanted, 0});
  for (RefineMode mode : {RefineMode::thresholding, RefineMode::full, RefineMode::none})
    for (float fade : {0.0f, 0.5f, 2.0f}) check(map_of(37, 23, "steps"), 37, 23, {mode, 100, 0.4f, fade});
}

TEST_CASE("device: an error map of another size is blended as on the host, to the bit") {
  // Steps: whole plateaus of equal errors that any other rounding would order differently.
  for (const char* kind : {"smooth", "steps"})
    for (const auto& [width, height] : {std::pair{16, 9}, {61, 35}, {130, 67}})
      for (int share : {50, 7, 2})
        check(map_of(31, 18, kind), width, height, {RefineMode::sampling, width * height / share, 0});
  check(map_of(31, 18, "steps"), 61, 35, {RefineMode::thresholding, 0, 0.4f});
}

TEST_CASE("device: what is no number is not refined") {
  Map map = map_of(20, 11, "smooth");
  for (std::size_t i = 0; i < map.values.size(); i += 3) map.values[i] = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 1; i < map.values.size(); i += 7) map.values[i] = std::numeric_limits<float>::infinity();
  check(map, 20, 11, {RefineMode::sampling, 90, 0});
  check(map, 20, 11, {RefineMode::thresholding, 0, 0.5f});
}
#endif
