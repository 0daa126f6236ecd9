#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/solvers/closed_form.hpp"
#include "hairline/solvers/constraints.hpp"
#include "hairline/solvers/plate_alignment.hpp"
#include "hairline/solvers/plate_difference.hpp"
#include "hairline/solvers/plate_filters.hpp"
#include "hairline/solvers/plate_prior.hpp"
#include "hairline/solvers/plate_segmentation.hpp"

namespace hairline {

/// Options of plate matting. Noise, exposure and the subject's colours are found, not asked for.
struct PlateOptions {
  PlateMotion motion = PlateMotion::translation;  ///< how the plate may have moved
  int reach = 4;                ///< largest shift looked for, pixels; more than 4 is searched from coarse to fine
  bool exposure = true;         ///< fit gain and offset per channel
  double least_noise = 0.0016;  ///< smallest noise believed, of full scale (rounding to 8 bits in both pictures)
  double coupling = 8;          ///< how strongly neighbours agree in the segmentation
  double band = 0;              ///< widest zone of hair along the outline, pixels; 0: 5.5 % of the picture's mean side
  double prior_weight = 0.3;    ///< weight of I = alpha F + (1 - alpha) B against the matting Laplacian
  double epsilon = 1e-5;        ///< regulariser of the closed form; larger than usual, for there is noise
  SolveOptions solve{1e-4, 0, 2000, Preconditioner::automatic, 0, {}};
};

/// An alpha matte from a picture and its plate, with everything that was found on the way.
template <class Scalar = float>
struct PlateResult {
  Image<Scalar> alpha;       ///< (H, W), in [0, 1]
  Plane trimap;              ///< (H, W): 0 background, 1 foreground, 128/255 solved for
  PlateAlignment alignment;  ///< shift, gain and offset of the plate
  PlateNoise noise;          ///< of the difference
  SolveReport report;        ///< nothing_to_solve: no subject was found, or nothing but subject
};

namespace detail {

/// The silhouette of whatever differs from the plate, cut into certain foreground and pixels to solve for.
struct Silhouette {
  Image<std::uint8_t> certain, unknown;  // (H, W)
  Image<float> depth;                    // (H, W) distance to the outline from inside, pixels
};

/// The connected pixels (4 neighbours) that are set, from `seed` on; taken out of `left`.
inline std::vector<std::size_t> take_component(Image<std::uint8_t>& left, std::size_t seed) {
  const auto w = static_cast<std::size_t>(left.width()), n = left.size();
  std::vector<std::size_t> pixels{seed};
  left.data()[seed] = 0;
  const auto visit = [&](std::size_t i) {
    if (!left.data()[i]) return;
    left.data()[i] = 0;
    pixels.push_back(i);
  };
  for (std::size_t next = 0; next < pixels.size(); ++next) {
    const std::size_t i = pixels[next], x = i % w;
    if (x > 0) visit(i - 1);
    if (x + 1 < w) visit(i + 1);
    if (i >= w) visit(i - w);
    if (i + w < n) visit(i + w);
  }
  return pixels;
}

/// Gives to `to` those pieces of `from` that do not stay by themselves and lie farther than `band` from all that do.
template <class Stays>
void hand_over_far_pieces(Image<std::uint8_t>& from, Image<std::uint8_t>& to, float band, bool if_none_stays,
                          Stays&& stays) {
  Image<std::uint8_t> left = from, staying(from.shape());
  std::vector<std::vector<std::size_t>> pieces;
  bool any_stays = false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!left.data()[i]) continue;
    std::vector<std::size_t> pixels = take_component(left, i);
    if (stays(pixels)) {
      any_stays = true;
      for (const std::size_t p : pixels) staying.data()[p] = 1;
    } else {
      pieces.push_back(std::move(pixels));
    }
  }
  if (pieces.empty() || (!any_stays && !if_none_stays)) return;
  const Image<float> away = distance_to(staying);
  for (const auto& piece : pieces) {
    const auto near = [&](std::size_t p) { return !(away.data()[p] > band); };
    if (std::any_of(piece.begin(), piece.end(), near)) continue;
    for (const std::size_t p : piece) {
      from.data()[p] = 0;
      to.data()[p] = 1;
    }
  }
}

/// Gives the subject its small holes back that lie deeper inside it than hair reaches: eyes, buttons, patches that
/// happen to have the plate's colour. Gaps near the outline and gaps as large as the band's square stay open.
inline void fill_deep_holes(Image<std::uint8_t>& in, Image<std::uint8_t>& out, float band) {
  const auto w = static_cast<std::size_t>(out.width()), n = out.size();
  hand_over_far_pieces(out, in, band, true, [&](const std::vector<std::size_t>& pixels) {
    const auto at_edge = [&](std::size_t p) { return p < w || p + w >= n || p % w == 0 || p % w == w - 1; };
    return static_cast<float>(pixels.size()) > band * band || std::any_of(pixels.begin(), pixels.end(), at_edge);
  });
}

/// Takes specks off the subject: pieces smaller than the band's square and farther than the band from every larger one
/// (a leaf that moved, a shadow's rim). If there is no larger one, all stay.
inline void drop_strays(Image<std::uint8_t>& in, Image<std::uint8_t>& out, float band) {
  hand_over_far_pieces(in, out, band, false, [&](const std::vector<std::size_t>& pixels) {
    return static_cast<float>(pixels.size()) >= band * band;
  });
}

/// @param share (H, W) segmentation in [0, 1]    @param evidence (H, W) see subject_evidence
inline Silhouette cut_silhouette(const Image<float>& share, const Image<float>& evidence, float band,
                                 ThreadPool& pool) {
  const Shape plane = share.shape();
  Image<std::uint8_t> in(plane), out(plane);
  for (std::size_t i = 0; i < in.size(); ++i) {
    in.data()[i] = share.data()[i] > 0.5f;
    out.data()[i] = !in.data()[i];
  }
  drop_strays(in, out, band);
  fill_deep_holes(in, out, band);
  Silhouette s{Image<std::uint8_t>(plane), Image<std::uint8_t>(plane), distance_to(out)};
  const Image<float> away = distance_to(in);
  // The zone is narrower where the subject is thin; strands, thinner than a seventh of it, are never certain.
  Image<float> thickness = s.depth;
  for (float& t : thickness) t = -t;
  thickness = minimum_around(thickness, static_cast<int>(band), pool);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const float zone = std::clamp(-0.5f * thickness.data()[i], 0.15f * band, band);
    s.certain.data()[i] = s.depth.data()[i] > zone;
    const bool stray = evidence.data()[i] > 4 && away.data()[i] < 1.5f * band;
    s.unknown.data()[i] = !s.certain.data()[i] && (away.data()[i] <= 3 || stray);
  }
  return s;
}

/// Segmentation in three rounds: by the difference alone, then twice with the colours that the last round found.
inline std::pair<Image<float>, Image<float>> find_subject(const Image<float>& image, const AlignedPlate& aligned,
                                                          const PlateDifference& difference, double coupling,
                                                          ThreadPool& pool) {
  Image<float> evidence = subject_evidence(image, aligned.inside, difference, nullptr, pool);
  Image<float> share = segment(image, aligned.plate, difference, evidence, coupling, nullptr, pool);
  for (int round = 0; round < 2; ++round) {
    Image<float> weight = share;
    for (float& v : weight) v = v > 0.6f ? v : 0;
    const SubjectColours colours(image, weight);
    evidence = subject_evidence(image, aligned.inside, difference, &colours, pool);
    share = segment(image, aligned.plate, difference, evidence, coupling, &share, pool);
  }
  return {std::move(share), std::move(evidence)};
}

}  // namespace detail

/// Alpha from a picture and a shot of its empty background: the plate is aligned and its exposure matched, the
/// difference is measured against its own noise on several scales, a random walk cuts out the silhouette, and along its
/// outline a closed form is solved in which the known background decides: I = alpha F + (1 - alpha) B with B given. A
/// soft shadow on the background stays background as long as it only darkens the plate evenly.
/// @param image, plate (H, W) of 1, 3 or 4 channels, [0,1], of one size
/// Errors: different sizes, NaN, wrong channels, options out of range. Pictures smaller than 3x3 get the per-pixel
/// answer without the closed form. Cost: linear in the pixels; memory linear too: the closed form's 0.2 kB per solved
/// pixel (float) and about 60 floats per pixel. Closed form: Levin 2008; segmentation after Grady 2006 with contrasts
/// as in Sun et al. 2006 (background cut).
template <class Scalar = float>
Result<PlateResult<Scalar>> plate_matting(AnyView image, AnyView plate, const PlateOptions& options = {}) {
  const auto colour = working_colour<float>(image);
  if (!colour) return colour.error();
  const auto behind = working_colour<float>(plate, "plate");
  if (!behind) return behind.error();
  if (!image.shape().same_pixels(plate.shape()))
    return Error{ErrorCode::invalid_argument, "the plate has " + size_string(plate.shape()) + " pixels, wanted " +
                                                  size_string(image.shape()) + ", the size of the picture"};
  const auto refuse = [](const char* what, double given, const char* wanted) {
    return Error{ErrorCode::invalid_argument,
                 std::string("plate matting's ") + what + " is " + std::to_string(given) + ", wanted " + wanted};
  };
  if (options.reach < 0 || options.reach > 256) return refuse("reach", options.reach, "0 to 256 pixels");
  if (!(options.least_noise > 0) || options.least_noise > 1)
    return refuse("least_noise", options.least_noise, "more than 0, at most 1");
  if (!(options.coupling > 0) || !std::isfinite(options.coupling))
    return refuse("coupling", options.coupling, "a positive number");
  if (!(options.band >= 0) || options.band > 4096) return refuse("band", options.band, "0 (automatic) to 4096 pixels");
  if (!(options.prior_weight > 0) || !std::isfinite(options.prior_weight))
    return refuse("prior_weight", options.prior_weight, "a positive number");

  ThreadPool pool(options.solve.threads);
  const int h = image.height(), w = image.width();
  const Shape plane{h, w, 1};
  PlateResult<Scalar> result{Image<Scalar>(plane), Plane(plane), {}, {}, {}};
  result.alignment = align_plate(*colour, *behind, options.motion, options.reach, options.exposure, pool);
  const AlignedPlate aligned = apply_alignment(*behind, result.alignment, pool);
  const PlateDifference difference =
      measure_difference(*colour, aligned.plate, aligned.inside, options.least_noise, pool);
  result.noise = difference.noise;
  const auto [share, evidence] = detail::find_subject(*colour, aligned, difference, options.coupling, pool);
  const float band = static_cast<float>(
      options.band > 0 ? options.band : std::max(2.0, 0.055 * std::sqrt(static_cast<double>(h) * w)));
  const detail::Silhouette cut = detail::cut_silhouette(share, evidence, band, pool);
  std::size_t unknown = 0;
  for (std::size_t i = 0; i < plane.pixels(); ++i) {
    unknown += cut.unknown.data()[i];
    result.trimap.data()[i] = cut.certain.data()[i] ? 1.0f : cut.unknown.data()[i] ? 128.0f / 255 : 0.0f;
    result.alpha.data()[i] = cut.certain.data()[i] ? Scalar(1) : Scalar(0);
  }
  result.report.status = SolveStatus::nothing_to_solve;
  if (unknown == 0) return result;

  const Image<float> veil = detail::veil_of_plate(*colour, aligned.plate, difference.deviation, 1.5, 3, pool);
  auto prior = detail::alpha_prior(*colour, aligned.plate, difference.deviation, cut.unknown, cut.certain, cut.depth,
                                   veil, band, pool);
  if (h < 3 || w < 3) {
    for (std::size_t i = 0; i < plane.pixels(); ++i)
      if (cut.unknown.data()[i]) result.alpha.data()[i] = static_cast<Scalar>(prior.alpha.data()[i]);
    return result;
  }
  ClosedFormOptions closed{.epsilon = options.epsilon, .solve = options.solve};
  Image<Scalar> wanted(plane), confidence(plane);
  for (std::size_t i = 0; i < plane.pixels(); ++i) {
    const bool open = cut.unknown.data()[i] != 0;
    wanted.data()[i] = open ? static_cast<Scalar>(prior.alpha.data()[i]) : result.alpha.data()[i];
    confidence.data()[i] =
        open ? static_cast<Scalar>(options.prior_weight) * static_cast<Scalar>(prior.confidence.data()[i])
             : static_cast<Scalar>(2 * closed.certain);
  }
  auto solved = closed_form_with_prior<Scalar>(*colour, wanted, confidence, closed);
  if (!solved) return solved.error();
  result.alpha = std::move(solved->alpha);
  result.report = solved->report;
  return result;
}

}  // namespace hairline
