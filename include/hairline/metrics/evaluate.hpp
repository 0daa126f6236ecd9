#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/metrics/connectivity_error.hpp"
#include "hairline/metrics/gradient_error.hpp"
#include "hairline/metrics/presets.hpp"
#include "hairline/metrics/region.hpp"

namespace hairline::metrics {

/// The five metrics over one region. Absent: the region has no pixel, or the program does not have the metric.
struct Values {
  std::size_t pixels = 0;  ///< in the region
  std::optional<double> sad, mse, mad, gradient, connectivity;
};

/// Something that the reader of the numbers should know.
enum class WarningCode {
  empty_unknown_region,      ///< the trimap has no pixel of exactly 128
  not_pasted,                ///< the prediction is not 0 or 255 in the trimap's known areas
  truth_not_known,           ///< the truth itself is not 0 or 255 in the trimap's known areas
  odd_trimap_levels,         ///< trimap levels other than 0, 128 and 255: outside the unknown region
  bit_depths_differ,         ///< prediction and truth were stored with different numbers of bits
  outside_range,             ///< float values below 0 or above 1, cut off when rounded to 8 bits
  cropped,                   ///< the preset leaves out rows or columns
  original_fails,            ///< the program that the preset stands for would have failed on this input
  values_not_to_be_compared  ///< evaluated without rounding to 8 bits
};

struct Warning {
  WarningCode code;
  std::size_t count;  ///< of pixels (thresholds for original_fails, bits for bit_depths_differ)
  std::string text;
};

/// What evaluate found. Units are the preset's, see its columns.
struct Report {
  Preset preset;
  Values unknown;    ///< over the pixels where the trimap is exactly 128
  Values whole;      ///< over the whole picture
  Values published;  ///< what the preset's program prints, with its own mixture of regions
  std::vector<Warning> warnings;
};

struct EvaluateOptions {
  /// Values are rounded to the nearest 8-bit level, as every published program reads 8-bit files. Without it values
  /// count as they are, and the numbers are not those of the tables.
  bool round_to_8_bits = true;
  int prediction_bits = 0;  ///< bits per sample in the file (8, 16, 32), 0: from the pixel type
  int truth_bits = 0;       ///< likewise
};

namespace detail {
/// A map in working form: 8-bit levels, or doubles where a preset stretches or nothing is rounded.
struct WorkingMap {
  Image<std::uint8_t> levels;
  Image<double> values;
  Input input() const { return levels.empty() ? Input(values) : Input(levels); }
};

inline int bits(const Input& input) {
  switch (input.type()) {
    case PixelType::u8:
      return 8;
    case PixelType::u16:
      return 16;
    case PixelType::f32:
      return 32;
    case PixelType::f64:
      return 64;
  }
  return 0;
}

/// Copies the top left part of an input, rounded or not; returns how many values were outside [0,1] too.
inline std::pair<WorkingMap, std::size_t> working_map(const Input& input, Shape size, bool round) {
  WorkingMap map;
  std::size_t outside = 0;
  std::vector<double> row(static_cast<std::size_t>(input.width()));
  if (round)
    map.levels = Image<std::uint8_t>(size);
  else
    map.values = Image<double>(size);
  for (int y = 0; y < size.height; ++y) {
    input.row(y, row.data());
    for (int x = 0; x < size.width; ++x) {
      const double v = row[static_cast<std::size_t>(x)];
      outside += v < 0 || v > 1;
      if (round)
        map.levels(y, x) = PixelTraits<std::uint8_t>::from_unit(v);
      else
        map.values(y, x) = v;
    }
  }
  return {std::move(map), outside};
}

/// Stretches a map to [0,1] by its own extremes; a constant map becomes 0.
inline void stretch(WorkingMap& map) {
  const auto stretched = [](const auto& from) {
    const auto [low, high] = std::minmax_element(from.begin(), from.end());
    const double offset = *low, range = *high - *low;
    Image<double> to(from.shape());
    std::transform(from.begin(), from.end(), to.begin(),
                   [&](double v) { return range > 0 ? (v - offset) / range : 0.0; });
    return to;
  };
  map.values = map.levels.empty() ? stretched(map.values) : stretched(map.levels);
  map.levels = {};
}

/// Overwrites the trimap's known areas.
inline void paste(WorkingMap& map, const Image<std::uint8_t>& trimap) {
  for (std::size_t i = 0; i < trimap.size(); ++i) {
    const int t = trimap.data()[i];
    if (t != 0 && t != 255) continue;
    if (!map.levels.empty()) map.levels.data()[i] = static_cast<std::uint8_t>(t);
    if (!map.values.empty()) map.values.data()[i] = t / 255.0;
  }
}

/// What prediction, truth and trimap look like together, in 8-bit terms.
struct TrimapFindings {
  std::size_t unknown = 0, between = 0, odd = 0, not_pasted = 0, truth_off = 0;
};
inline TrimapFindings inspect(const Input& prediction, const Input& truth, const Image<std::uint8_t>& trimap) {
  TrimapFindings f;
  const auto width = static_cast<std::size_t>(trimap.width());
  std::vector<double> p(width), a(width);
  for (int y = 0; y < trimap.height(); ++y) {
    prediction.row(y, p.data());
    truth.row(y, a.data());
    const std::uint8_t* t = trimap.view().row(y);
    for (std::size_t x = 0; x < width; ++x) {
      const bool known = t[x] == 0 || t[x] == 255;
      f.unknown += t[x] == 128;
      f.between += !known;
      f.odd += !known && t[x] != 128;
      f.not_pasted += known && p[x] != t[x] / 255;
      f.truth_off += known && a[x] != t[x] / 255;
    }
  }
  return f;
}

inline std::vector<Warning> trimap_warnings(const TrimapFindings& f) {
  std::vector<Warning> warnings;
  const auto add = [&](WarningCode code, std::size_t count, const char* text) {
    warnings.push_back({code, count, std::to_string(count) + text});
  };
  if (f.unknown == 0)
    warnings.push_back({WarningCode::empty_unknown_region, 0,
                        "the trimap has no pixel of exactly 128, so nothing is known of the unknown region"});
  if (f.odd > 0)
    add(WarningCode::odd_trimap_levels, f.odd,
        " trimap pixels are none of 0, 128 and 255 and count neither as known nor as unknown");
  if (f.not_pasted > 0)
    add(WarningCode::not_pasted, f.not_pasted,
        " pixels of the prediction are not the trimap's 0 or 255 in its known areas; Grad and Conn of the unknown "
        "region depend on them, and published numbers are for pasted predictions");
  if (f.truth_off > 0)
    add(WarningCode::truth_not_known, f.truth_off,
        " pixels of the truth are not the trimap's 0 or 255 in its known areas");
  return warnings;
}

/// Sums of the four errors over one region.
struct Sums {
  std::size_t pixels = 0;
  double absolute = 0, squared = 0, gradient = 0, connectivity = 0;

  void add(double p, double a, double gradient_error, double connectivity_error) {
    ++pixels;
    absolute += std::abs(p - a);
    squared += (p - a) * (p - a);
    gradient += gradient_error;
    connectivity += connectivity_error;
  }
  Sums& operator+=(const Sums& o) {
    pixels += o.pixels;
    absolute += o.absolute;
    squared += o.squared;
    gradient += o.gradient;
    connectivity += o.connectivity;
    return *this;
  }
};
struct RegionSums {
  Sums unknown, whole;
};
inline RegionSums sums(const Input& prediction, const Input& truth, const Image<double>& gradient,
                       const Image<double>& connectivity, const Image<std::uint8_t>& trimap) {
  const auto width = static_cast<std::size_t>(trimap.width());
  std::vector<double> p(width), a(width);
  RegionSums all;
  for (int y = 0; y < trimap.height(); ++y) {
    prediction.row(y, p.data());
    truth.row(y, a.data());
    const double *g = gradient.view().row(y), *c = connectivity.view().row(y);
    const std::uint8_t* t = trimap.view().row(y);
    RegionSums line;  // row by row, which keeps the rounding small
    for (std::size_t x = 0; x < width; ++x) {
      line.whole.add(p[x], a[x], g[x], c[x]);
      if (t[x] == 128) line.unknown.add(p[x], a[x], g[x], c[x]);
    }
    all.unknown += line.unknown;
    all.whole += line.whole;
  }
  return all;
}

inline Values values(const Sums& s, const Preset& preset) {
  Values v;
  v.pixels = s.pixels;
  if (s.pixels == 0) return v;
  const double n = static_cast<double>(s.pixels) + preset.denominator_bias;
  v.sad = s.absolute * preset.sad.scale;
  v.mse = s.squared / n * preset.mse.scale;
  v.mad = s.absolute / n * preset.mad.scale;
  v.gradient = s.gradient * preset.gradient.scale;
  v.connectivity = s.connectivity * preset.connectivity.scale;
  return v;
}

/// The program's own mixture. `between` stands in for an empty unknown region where a mean is divided by it (GFM).
inline Values published(const Sums& unknown, const Sums& whole, std::size_t between, const Preset& preset) {
  const Values of_unknown = values(unknown, preset), of_whole = values(whole, preset);
  const auto pick = [&](Over over, std::optional<double> Values::*field) -> std::optional<double> {
    if (over == Over::nothing) return std::nullopt;
    if (over == Over::unknown) return of_unknown.*field;
    if (over == Over::whole) return of_whole.*field;
    const std::size_t n = unknown.pixels > 0 ? unknown.pixels : between;
    if (n == 0) return std::nullopt;
    return *(of_whole.*field) * static_cast<double>(whole.pixels) / static_cast<double>(n);
  };
  Values v;
  v.sad = pick(preset.sad.over, &Values::sad);
  v.mse = pick(preset.mse.over, &Values::mse);
  v.mad = pick(preset.mad.over, &Values::mad);
  v.gradient = pick(preset.gradient.over, &Values::gradient);
  v.connectivity = pick(preset.connectivity.over, &Values::connectivity);
  v.pixels = preset.mse.over == Over::whole ? whole.pixels : unknown.pixels;
  return v;
}

/// The warnings that need no trimap.
inline void input_warnings(const Input& prediction, const Input& truth, std::size_t outside, Shape size,
                           const EvaluateOptions& options, const Preset& preset, std::vector<Warning>& warnings) {
  const int pb = options.prediction_bits > 0 ? options.prediction_bits : bits(prediction);
  const int tb = options.truth_bits > 0 ? options.truth_bits : bits(truth);
  if (pb != tb)
    warnings.push_back(
        {WarningCode::bit_depths_differ, static_cast<std::size_t>(pb),
         "the prediction has " + std::to_string(pb) + " bits per sample, the truth " + std::to_string(tb)});
  if (outside > 0)
    warnings.push_back({WarningCode::outside_range, outside,
                        std::to_string(outside) + " values are below 0 or above 1" +
                            (options.round_to_8_bits ? " and were cut off" : "")});
  if (!size.same_pixels(prediction.shape()))
    warnings.push_back({WarningCode::cropped, prediction.shape().pixels() - size.pixels(),
                        std::string(preset.name) + " evaluates the top left " + size_string(size) + " pixels of " +
                            size_string(prediction.shape())});
  if (!options.round_to_8_bits)
    warnings.push_back({WarningCode::values_not_to_be_compared, 0,
                        "evaluated without rounding to 8 bits; published numbers are of 8-bit files"});
}
}  // namespace detail

/// Evaluates a predicted alpha against the true one as a published program does.
/// Shapes: all three (H, W); of more channels the first counts. Any pixel type; see Preset for the rounding.
/// Errors: sizes that differ, no pixels, NaN, a prediction that is not pasted where the program demands it.
inline Result<Report> evaluate(const Input& prediction, const Input& truth, const Input& trimap,
                               const Preset& preset = presets::composition1k, EvaluateOptions options = {}) {
  if (auto e = detail::refuse(prediction, truth, Region::unknown(trimap))) return *e;
  const int m = std::max(preset.crop_to_multiple, 1);
  const Shape size{prediction.height() / m * m, prediction.width() / m * m, 1};
  if (size.empty())
    return Error{ErrorCode::invalid_argument, std::string(preset.name) + " crops to multiples of " + std::to_string(m) +
                                                  ", which leaves nothing of " + size_string(prediction.shape()) +
                                                  " pixels"};
  auto [p, p_outside] = detail::working_map(prediction, size, options.round_to_8_bits);
  auto [a, a_outside] = detail::working_map(truth, size, options.round_to_8_bits);
  const Image<std::uint8_t> levels = std::move(detail::working_map(trimap, size, true).first.levels);

  Report report{preset, {}, {}, {}, {}};
  const auto findings = detail::inspect(p.input(), a.input(), levels);
  report.warnings = detail::trimap_warnings(findings);
  detail::input_warnings(prediction, truth, p_outside + a_outside, size, options, preset, report.warnings);
  if (preset.demand_pasted && findings.not_pasted > 0)
    return Error{ErrorCode::invalid_argument, std::string(preset.name) + " demands a pasted prediction, but " +
                                                  std::to_string(findings.not_pasted) +
                                                  " pixels in the trimap's known areas are not 0 or 255 as it says"};
  if (preset.stretch_maps) {
    detail::stretch(p);
    detail::stretch(a);
  }
  const auto gradient = gradient_error_map(p.input(), a.input(), preset.gradient_options);
  if (!gradient) return gradient.error();
  const auto connected = connectivity(p.input(), a.input(), preset.connectivity_options);
  if (!connected) return connected.error();
  const auto connectivity = detail::connectivity_differences(p.input(), a.input(), *connected);
  if (const auto empty = static_cast<std::size_t>(std::count(connected->largest.begin(), connected->largest.end(), 0u));
      empty > 0 && preset.fails_on_empty_level)
    report.warnings.push_back({WarningCode::original_fails, empty,
                               "no pixel reaches the " + std::to_string(empty) +
                                   " highest thresholds in both maps; the original program fails here, counted as in "
                                   "composition1k"});
  if (preset.paste) detail::paste(p, levels);

  const auto [unknown, whole] = detail::sums(p.input(), a.input(), *gradient, connectivity, levels);
  report.unknown = detail::values(unknown, preset);
  report.whole = detail::values(whole, preset);
  report.published = detail::published(unknown, whole, findings.between, preset);
  return report;
}

}  // namespace hairline::metrics
