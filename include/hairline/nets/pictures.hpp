#pragma once
#include <algorithm>
#include <cstddef>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/layers/forward.hpp"

namespace hairline {

/// A picture as a batch of one, (1, height, width, channels), in [0,1]; any pixel type and layout.
inline Tensor to_tensor(AnyView picture) {
  const Shape s = picture.shape();
  Tensor tensor(TensorShape{1, s.height, s.width, s.channels});
  copy_pixels<float>(picture, View<float>(tensor.data.data(), s));
  return tensor;
}

/// One picture of a batch.  @pre picture < tensor.shape.batch
inline Image<float> to_image(const Tensor& tensor, int picture = 0) {
  Image<float> image(Shape{tensor.shape.height, tensor.shape.width, tensor.shape.channels});
  if (!image.empty()) std::copy_n(tensor.at(picture, 0, 0), image.size(), image.begin());
  return image;
}

}  // namespace hairline
