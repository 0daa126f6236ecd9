// Every loss in every published variant against PyTorch and its autograd (python/golden/losses.py).
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "hairline/io/file.hpp"
#include "hairline/losses/alpha_l1.hpp"
#include "hairline/losses/charbonnier.hpp"
#include "hairline/losses/compositional.hpp"
#include "hairline/losses/error_map_mse.hpp"
#include "hairline/losses/exclusion.hpp"
#include "hairline/losses/foreground_l1.hpp"
#include "hairline/losses/laplacian_pyramid.hpp"
#include "hairline/losses/least_squares_gan.hpp"
#include "hairline/losses/sobel_components.hpp"
#include "hairline/losses/sobel_magnitude.hpp"
#include "hairline/weights/safetensors.hpp"
#include "tests/losses/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using namespace hairline::losses;
using losses_test::as;

namespace {
const TensorStore& goldens() {
  const std::string path = HAIRLINE_SOURCE_DIR "/tests/golden/losses.safetensors";
  static const TensorStore store = parse_safetensors(io::read_file(path).value(), path).value();
  return store;
}
const StoredTensor& golden(const std::string& name) {
  const auto found = goldens().tensors.find(name);
  if (found == goldens().tensors.end()) throw std::runtime_error("no golden " + name);
  return found->second;
}

std::size_t compared = 0;

/// Values are recorded in double: only the order of at most 4000 terms differs, 1e-12 is a thousand times that. With
/// inputs in float, each term is off by 6e-8 of numbers up to 1, against losses that are never below 0.02 of them.
template <class T>
void check_value(const std::string& name, double value) {
  INFO(name);
  double wanted = 0;
  std::memcpy(&wanted, golden(name + "/value").bytes.data(), sizeof(wanted));
  CHECK(std::abs(value - wanted) <= (std::is_same_v<T, double> ? 1e-12 : 1e-5) * std::abs(wanted));
  ++compared;
}
/// Gradients are recorded in float: half a unit of 2^-24, of the greatest. Inputs in float move the smooth factors
/// (1/magnitude is the steepest) by as much as 1e-4 of it.
template <class T>
void check_gradient(const std::string& name, const Image<T>& gradient) {
  INFO(name);
  const StoredTensor& g = golden(name);
  REQUIRE(g.dims == std::vector<std::int64_t>{gradient.height(), gradient.width(), gradient.channels()});
  const std::vector<float> wanted = to_floats(g.bytes, g.type);
  double worst = 0, range = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(gradient.data()[i]) - static_cast<double>(wanted[i])));
    range = std::max(range, std::abs(static_cast<double>(wanted[i])));
  }
  REQUIRE(range > 0);
  CHECK(worst <= (std::is_same_v<T, double> ? 1e-7 : 1e-4) * range);
  ++compared;
}
template <class T>
void check(const std::string& name, const Result<Loss<T>>& loss, const std::string& of = "alpha") {
  INFO(name);
  REQUIRE(loss.has_value());
  check_value<T>(name, loss->value);
  check_gradient(name + "/" + of, loss->gradient);
}

/// The inputs in the type under test, beside xtensor expressions of them from -1 to 1.
template <class T>
struct Given {
  explicit Given(const losses_test::Inputs& x)
      : alpha(as<T>(x.alpha)),
        true_alpha(as<T>(x.true_alpha)),
        foreground(as<T>(x.foreground)),
        true_foreground(as<T>(x.true_foreground)),
        background(as<T>(x.background)),
        true_background(as<T>(x.true_background)),
        picture(as<T>(x.picture)),
        error(as<T>(x.error)),
        weights(as<T>(x.weights)),
        unknown(as<T>(x.unknown)) {}
  Image<T> alpha, true_alpha, foreground, true_foreground, background, true_background, picture, error, weights,
      unknown;
};
template <class T>
auto signed_of(const Image<T>& image) {
  return T(2) * as_xtensor(image) - T(1);
}

template <class T>
void pixel_by_pixel() {
  const Given<T> x(losses_test::inputs(11, 13));
  check("alpha_l1/bgmv2", alpha_l1<T>(x.alpha, x.true_alpha, {}, AlphaL1Options::bgmv2()));
  check("alpha_l1/gca", alpha_l1<T>(x.alpha, x.true_alpha, x.unknown, AlphaL1Options::gca()));
  check("alpha_l1/bgmv1", alpha_l1<T>(signed_of(x.alpha), signed_of(x.true_alpha), {}, AlphaL1Options::bgmv1()));
  check("alpha_l1/fba", alpha_l1<T>(x.alpha, x.true_alpha, {}, AlphaL1Options::fba()));
  check("alpha_l1/fba_mmediting", alpha_l1<T>(x.alpha, x.true_alpha, x.weights, AlphaL1Options::fba_mmediting()));

  check("charbonnier/dim", charbonnier<T>(x.alpha, x.true_alpha, x.unknown, CharbonnierOptions::dim()));
  check("charbonnier/dim_stage0", charbonnier<T>(x.alpha, x.true_alpha, x.unknown, CharbonnierOptions::dim_stage0()));
  check("charbonnier/dim_mmediting",
        charbonnier<T>(x.alpha, x.true_alpha, x.unknown, CharbonnierOptions::dim_mmediting()));

  check("foreground_l1/bgmv2",
        foreground_l1<T>(x.foreground, x.true_foreground, x.true_alpha, {}, ForegroundL1Options::bgmv2()),
        "foreground");
  check("foreground_l1/bgmv1",
        foreground_l1<T>(signed_of(x.foreground), signed_of(x.true_foreground), x.true_alpha, {},
                         ForegroundL1Options::bgmv1()),
        "foreground");
  check("foreground_l1/bgmv1_student",
        foreground_l1<T>(signed_of(x.foreground), signed_of(x.true_foreground), x.true_alpha, {},
                         ForegroundL1Options::bgmv1_student()),
        "foreground");
  check("foreground_l1/context_aware",
        foreground_l1<T>(x.foreground, x.true_foreground, x.true_alpha, {}, ForegroundL1Options::context_aware()),
        "foreground");
  check("colour_l1/fba", colour_l1<T>(x.background, x.true_background), "background");
  check("least_squares_gan/generator", least_squares_gan_generator<T>(x.foreground), "foreground");
}

template <class T>
void several_gradients() {
  const Given<T> x(losses_test::inputs(11, 13));
  const auto composed = [&](const std::string& name, const Result<CompositionalLoss<T>>& loss) {
    INFO(name);
    REQUIRE(loss.has_value());
    check_value<T>(name, loss->value);
    check_gradient(name + "/alpha", loss->alpha);
    check_gradient(name + "/foreground", loss->foreground);
    check_gradient(name + "/background", loss->background);
  };
  composed("compositional/dim",
           compositional<T>(x.alpha, x.foreground, x.background, x.picture, x.unknown, CompositionalOptions::dim()));
  composed("compositional/bgmv1", compositional<T>(x.alpha, signed_of(x.foreground), signed_of(x.background),
                                                   signed_of(x.picture), x.unknown, CompositionalOptions::bgmv1()));
  composed("compositional/fba",
           compositional<T>(x.alpha, x.foreground, x.background, x.picture, {}, CompositionalOptions::fba()));
  composed("compositional/fba_mmediting", compositional<T>(x.alpha, x.foreground, x.background, x.picture, x.weights,
                                                           CompositionalOptions::fba_mmediting()));

  const auto base = error_map_mse<T>(x.error, x.alpha, x.true_alpha, {}, ErrorMapMseOptions::bgmv2_base()).value();
  check_value<T>("error_map_mse/bgmv2_base", base.value);
  check_gradient("error_map_mse/bgmv2_base/error", base.error);
  CHECK(std::all_of(base.alpha.begin(), base.alpha.end(), [](T v) { return v == T(0); }));
  const auto joint = error_map_mse<T>(x.error, x.alpha, x.true_alpha, {}, ErrorMapMseOptions::bgmv2_joint()).value();
  check_value<T>("error_map_mse/bgmv2_joint", joint.value);
  check_gradient("error_map_mse/bgmv2_joint/error", joint.error);
  check_gradient("error_map_mse/bgmv2_joint/alpha", joint.alpha);

  const auto judged = least_squares_gan_discriminator<T>(x.foreground, x.background).value();
  check_value<T>("least_squares_gan/discriminator", judged.value);
  check_gradient("least_squares_gan/discriminator/foreground", judged.real);
  check_gradient("least_squares_gan/discriminator/background", judged.generated);

  const auto excluded = [&](const std::string& name, const Result<ExclusionLoss<T>>& loss) {
    REQUIRE(loss.has_value());
    check_value<T>(name, loss->value);
    check_gradient(name + "/foreground", loss->foreground);
    check_gradient(name + "/background", loss->background);
  };
  excluded("exclusion/fba", exclusion<T>(x.foreground, x.background, {}, ExclusionOptions::fba()));
  excluded("exclusion/fba_mmediting",
           exclusion<T>(x.foreground, x.background, x.unknown, ExclusionOptions::fba_mmediting()));
}

template <class T>
void slopes_and_pyramids() {
  const Given<T> x(losses_test::inputs(11, 13)), large(losses_test::inputs(35, 38));
  check("sobel_magnitude/bgmv2", sobel_magnitude<T>(x.alpha, x.true_alpha, {}, SobelMagnitudeOptions::bgmv2()));
  SobelMagnitudeOptions region;
  region.reduction = Reduction::region_mean();
  check("sobel_magnitude/weighted", sobel_magnitude<T>(x.foreground, x.true_foreground, x.weights, region),
        "foreground");
  check("sobel_components/bgmv1",
        sobel_components<T>(signed_of(x.alpha), signed_of(x.true_alpha), {}, SobelComponentsOptions::bgmv1()));
  check("sobel_components/fba", sobel_components<T>(x.alpha, x.true_alpha, {}, SobelComponentsOptions::fba()));
  check("sobel_components/fba_mmediting",
        sobel_components<T>(x.alpha, x.true_alpha, x.unknown, SobelComponentsOptions::fba_mmediting()));

  using Pyramid = LaplacianPyramidOptions;
  check("laplacian_pyramid/context_aware",
        laplacian_pyramid<T>(large.alpha, large.true_alpha, {}, Pyramid::context_aware()));
  check("laplacian_pyramid/fba", laplacian_pyramid<T>(large.alpha, large.true_alpha, {}, Pyramid::fba()));
  check("laplacian_pyramid/fba_colour",
        laplacian_pyramid<T>(large.foreground, large.true_foreground, {}, Pyramid::fba()), "foreground");
  check("laplacian_pyramid/fba_mmediting",
        laplacian_pyramid<T>(large.alpha, large.true_alpha, large.unknown, Pyramid::fba_mmediting()));
  check("laplacian_pyramid/fba_mmediting_whole",
        laplacian_pyramid<T>(large.alpha, large.true_alpha, {}, Pyramid::fba_mmediting()));
}
}  // namespace

TEMPLATE_TEST_CASE("every loss equals PyTorch's value and gradients", "[golden]", float, double) {
  compared = 0;
  pixel_by_pixel<TestType>();
  several_gradients<TestType>();
  slopes_and_pyramids<TestType>();
  CHECK(compared == goldens().tensors.size());  // nothing recorded is left out
}
