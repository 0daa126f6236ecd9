// A network of your own: what its type gives you for nothing.
#include "own_network.hpp"

#include <iostream>

#include "hairline/nets/cost.hpp"
#include "hairline/nets/description.hpp"
#include "hairline/nets/parameters.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/nets/shapes.hpp"
#include "hairline/weights/seeded.hpp"

int main() {
  using namespace hairline;
  // [functions]
  using Mine = example::SmallMatting<16>;
  constexpr Graph g = graph<Mine>();                                                  // one value, at compile time
  static_assert(result_shape<Mine>("pha", 270, 480) == TensorShape{1, 270, 480, 1});  // shapes
  for (const NamedParameter& p : parameters(g)) std::cout << p.name << '\n';          // keys of the state dict
  const auto sizes = shapes(g, 1080, 1920);                                           // of every node
  std::cout << network_cost(g, sizes).total.multiply_adds / 1e9 << " GMac\n";         // cost
  std::cout << describe(g).dump(2) << '\n';                                           // JSON: PyTorch builds the same
  const Weights weights = seeded_weights(g);                                          // or read a checkpoint
  const Tensor src({1, 27, 48, 3}), bgr({1, 27, 48, 3});
  const Tensor alpha = run_reference(g, weights, {src, bgr}).value().at("pha");  // the plain forward pass
  // [/functions]
  std::cout << "alpha " << alpha.shape.width << "x" << alpha.shape.height << '\n';
}
