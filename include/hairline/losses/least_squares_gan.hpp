#pragma once
#include <cstddef>

#include "hairline/losses/loss.hpp"

namespace hairline::losses {

/// The discriminator's loss and its derivatives with respect to both score maps.
template <class T = float>
struct DiscriminatorLoss {
  double value = 0;
  Image<T> real, generated;
};

namespace detail {
template <class T>
Result<Loss<T>> squared_from(const Input& scores, double label, const Weights& weights, const Reduction& reduction) {
  const auto s = read(scores, "score map");
  if (!s) return s.error();
  const auto w = weights.read(s->shape);
  if (!w) return w.error();
  Planes labels(s->shape);
  labels.values.assign(labels.values.size(), label);
  return pointwise<T>(*s, labels, *w, reduction, weighted([](double d) { return Term{d * d, 2 * d}; }));
}
}  // namespace detail

/// (D(x) - 1)^2, averaged over the patches: the generator's side of the least-squares GAN (Mao et al., ICCV 2017) as in
/// Background Matting v1. The composite x must stay attached to the generator; in the published script it is not, and
/// the term has no effect there.
/// Shapes: any (H, W).  Errors: no scores, NaN.
template <class T = float>
Result<Loss<T>> least_squares_gan_generator(const Input& generated_scores, const Weights& weights = {},
                                            const Reduction& reduction = Reduction::mean()) {
  return detail::squared_from<T>(generated_scores, 1, weights, reduction);
}

/// (D(real) - 1)^2 / 2 + D(x)^2 / 2, each averaged over its own patches: the discriminator's side, as in Background
/// Matting v1. Both maps may differ in size; the weights hold for both.
template <class T = float>
Result<DiscriminatorLoss<T>> least_squares_gan_discriminator(const Input& real_scores, const Input& generated_scores,
                                                             const Weights& weights = {},
                                                             const Reduction& reduction = Reduction::mean()) {
  auto real = detail::squared_from<double>(real_scores, 1, weights, reduction);
  if (!real) return real.error();
  auto generated = detail::squared_from<double>(generated_scores, 0, weights, reduction);
  if (!generated) return generated.error();
  const auto half = [](const Image<double>& from) {
    Image<T> to(from.shape());
    for (std::size_t i = 0; i < from.size(); ++i) to.data()[i] = static_cast<T>(from.data()[i] / 2);
    return to;
  };
  return DiscriminatorLoss<T>{(real->value + generated->value) / 2, half(real->gradient), half(generated->gradient)};
}

}  // namespace hairline::losses
