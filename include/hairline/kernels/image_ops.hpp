#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>

#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/pixel.hpp"
#include "hairline/core/result.hpp"
#include "hairline/core/view.hpp"
#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/call.hpp"
#include "hairline/kernels/library.hpp"

/// In the static library hairline::kernels_image.
extern "C" const hairline::kernels::Library hairline_kernels_image_ops;

/// Image operations as compiled kernels, on views of any layout. Interleaved RGB and BGR, planar and padded rows have
/// code of their own where it pays; any other stride works, slower. Inputs and outputs must not overlap. Calls may be
/// made from several threads at once; each also uses Halide's own threads (as many as cores; HL_NUM_THREADS changes
/// it). Errors everywhere: null or empty views, sizes that do not fit each other, views that span more than 2 GiB, a
/// target that the machine or the library does not have, an error of the device.
namespace hairline::kernels {

/// Where image operations run unless told otherwise: the linked CPU kernels, at level().
inline Backend image_ops() { return cpu_backend(hairline_kernels_image_ops); }
/// The linked CPU kernels at a chosen level.
inline Backend image_ops(CpuLevel level) { return cpu_backend(hairline_kernels_image_ops, level); }

template <class From, class To>
Result<void> convert(View<const From> source, View<To> result, const Backend& on = image_ops());

namespace detail {
template <class View>
Result<void> check_view(const char* what, const View& view) {
  if (view.data() == nullptr) return Error{ErrorCode::invalid_argument, std::string(what) + " is a null view"};
  if (view.empty())
    return Error{ErrorCode::invalid_argument, std::string(what) + " is empty: " + to_string(view.shape())};
  return {};
}

inline Result<void> check_shape(const char* what, const Shape& given, const Shape& wanted) {
  if (given == wanted) return {};
  return Error{ErrorCode::invalid_argument,
               std::string(what) + " is " + to_string(given) + ", wanted " + to_string(wanted)};
}

inline Result<void> first_error(std::initializer_list<Result<void>> results) {
  for (const Result<void>& r : results)
    if (!r) return r;
  return {};
}

inline Result<void> check_problem(const char* what, const char* problem) {
  if (problem == nullptr) return {};
  return Error{ErrorCode::unsupported, std::string(what) + ": " + problem};
}

template <class From, class To>
Result<void> convert_channels(View<const From> source, View<To> result, const Backend& on) {
  Source<From> in(on, source, 3);
  Target<To> out(on, result, 3);
  if (auto ok = first_error({check_problem("source", in.problem()), check_problem("result", out.problem())}); !ok)
    return ok;
  void* arguments[] = {nullptr, in.pointer(), out.pointer()};
  const std::string kernel = std::string("convert_") + name(PixelTraits<From>::type) + "_" +
                             name(PixelTraits<To>::type) + "_c" + std::to_string(source.channels());
  if (auto ok = run(on, kernel, arguments); !ok) return ok;
  return out.finish();
}

inline Result<void> resize_channels(View<const float> source, View<float> result, const Backend& on) {
  Source<float> in(on, source, 3);
  Target<float> out(on, result, 3);
  if (auto ok = first_error({check_problem("source", in.problem()), check_problem("result", out.problem())}); !ok)
    return ok;
  void* arguments[] = {nullptr, in.pointer(), out.pointer()};
  if (auto ok = run(on, "resize_bilinear_f32_c" + std::to_string(source.channels()), arguments); !ok) return ok;
  return out.finish();
}

/// A picture as rows of neighbouring numbers, channel by channel: itself if it is that already, else a planar copy.
class Rows {
 public:
  Rows(View<const float> v, const Backend& on) : view_(v) {
    if (v.strides().x == 1) return;
    copy_ = Image<float>(v.shape());
    const View<float> packed(copy_.data(), v.shape(), planar(v.shape()));
    view_ = packed;
    if (on.on_device)
      copy_pixels<float>(v, packed);
    else
      done_ = hairline::kernels::convert(v, packed, on);
  }
  const Result<void>& done() const { return done_; }
  View<const float> view() const { return view_; }

 private:
  Image<float> copy_;
  View<const float> view_;
  Result<void> done_;
};

/// One channel to write to as a row of neighbouring numbers; finish() copies where the real one is not.
class RowsOut {
 public:
  explicit RowsOut(View<float> v) : real_(v), view_(v) {
    if (v.strides().x == 1) return;
    copy_ = Image<float>(Shape{v.height(), v.width(), 1});
    view_ = copy_.view();
  }
  View<float> view() const { return view_; }
  void finish() {
    if (!copy_.empty()) copy_pixels<float>(copy_.view(), real_);
  }

 private:
  Image<float> copy_;
  View<float> real_, view_;
};

template <class T, class Alpha>
Result<void> composite_channels(View<const T> foreground, View<const Alpha> alpha, View<const T> background,
                                View<T> result, const Backend& on) {
  Source<T> f(on, foreground, 3), b(on, background, 3);
  Source<Alpha> a(on, alpha, 2);
  Target<T> out(on, result, 3);
  if (auto ok = first_error({check_problem("foreground", f.problem()), check_problem("alpha", a.problem()),
                             check_problem("background", b.problem()), check_problem("result", out.problem())});
      !ok)
    return ok;
  void* arguments[] = {nullptr, f.pointer(), a.pointer(), b.pointer(), out.pointer()};
  std::string kernel = std::string("composite_") + name(PixelTraits<T>::type);
  if constexpr (!std::is_same_v<T, Alpha>) kernel += std::string("_alpha_") + name(PixelTraits<Alpha>::type);
  if (auto ok = run(on, kernel + "_c" + std::to_string(result.channels()), arguments); !ok) return ok;
  return out.finish();
}

/// Channels as kernels like them: opposite order where the result's channels run backwards.
template <class T>
bool backwards(View<T> v) {
  return v.channels() > 1 && v.strides().c < 0;
}
}  // namespace detail

/// Changes the pixel type (u8, u16 <-> f32, f32 -> f32) and the layout: integers are value / max in [0,1]; back they
/// are rounded to the nearest (ties up) after clamping to [0,1], NaN gives 0. Equals copy_pixels bit for bit. source
/// and result: same shape, any number of channels.
template <class From, class To>
Result<void> convert(View<const From> source, View<To> result, const Backend& on) {
  static_assert(std::is_same_v<From, float> || std::is_same_v<To, float>, "one side is float");
  using namespace detail;
  if (auto ok = first_error({check_view("source", source), check_view("result", result)}); !ok) return ok;
  if (auto ok = check_shape("result", result.shape(), source.shape()); !ok) return ok;
  if (backwards(result)) {
    source = source.reversed_channels();
    result = result.reversed_channels();
  }
  const int channels = source.channels();
  if (channels_side_by_side(source) && channels_side_by_side(result))
    return convert_channels(as_one_channel(source), as_one_channel(result), on);
  const bool planes = source.strides().x == 1 && result.strides().x == 1;
  if (!planes && (channels == 3 || channels == 4)) return convert_channels(source, result, on);
  for (int c = 0; c < channels; ++c)
    if (auto ok = convert_channels(source.channel(c), result.channel(c), on); !ok) return ok;
  return {};
}

/// Bilinear resize, up or down, align_corners = false: the source coordinate is (x + 1/2) * in / out - 1/2, not below
/// 0, and the second neighbour not beyond the border. No antialiasing: halving takes the mean of 2x2 pixels, quartering
/// the mean of the inner 2x2 of 4x4. Coordinates are exact at every size. source and result: same number of channels;
/// extents up to 2^30.
inline Result<void> resize_bilinear(View<const float> source, View<float> result, const Backend& on = image_ops()) {
  using namespace detail;
  if (auto ok = first_error({check_view("source", source), check_view("result", result)}); !ok) return ok;
  if (source.channels() != result.channels())
    return Error{ErrorCode::invalid_argument, "result has " + std::to_string(result.channels()) +
                                                  " channels, source has " + std::to_string(source.channels())};
  if (backwards(result)) {
    source = source.reversed_channels();
    result = result.reversed_channels();
  }
  const int channels = source.channels();
  const bool planes = source.strides().x == 1 && result.strides().x == 1;
  if (channels == 1 || (!planes && (channels == 3 || channels == 4))) return resize_channels(source, result, on);
  for (int c = 0; c < channels; ++c)
    if (auto ok = resize_channels(source.channel(c), result.channel(c), on); !ok) return ok;
  return {};
}

/// alpha * foreground + (1 - alpha) * background. T is float or uint8_t, Alpha is T or float. With 8-bit colours the
/// result is rounded to the nearest; a float alpha is then clamped to [0,1], NaN counting as 0.
/// foreground, background, result: same shape; alpha: one channel of the same size.
template <class T, class Alpha>
Result<void> composite(View<const T> foreground, View<const Alpha> alpha, View<const T> background, View<T> result,
                       const Backend& on = image_ops()) {
  using namespace detail;
  if (auto ok = first_error({check_view("foreground", foreground), check_view("alpha", alpha),
                             check_view("background", background), check_view("result", result)});
      !ok)
    return ok;
  const Shape& shape = result.shape();
  if (auto ok = first_error({check_shape("foreground", foreground.shape(), shape),
                             check_shape("alpha", alpha.shape(), Shape{shape.height, shape.width, 1}),
                             check_shape("background", background.shape(), shape)});
      !ok)
    return ok;
  if (backwards(result)) {
    foreground = foreground.reversed_channels();
    background = background.reversed_channels();
    result = result.reversed_channels();
  }
  const bool planes = foreground.strides().x == 1 && background.strides().x == 1 && result.strides().x == 1;
  if (shape.channels == 3 && !planes) return composite_channels<T, Alpha>(foreground, alpha, background, result, on);
  for (int c = 0; c < shape.channels; ++c)
    if (auto ok =
            composite_channels<T, Alpha>(foreground.channel(c), alpha, background.channel(c), result.channel(c), on);
        !ok)
      return ok;
  return {};
}

/// The mean over windows of (2 radius + 1)^2 pixels, cut off at the border and divided by the pixels that are inside.
/// Every channel on its own. The cost does not depend on the radius. Pixels must be finite: sums run along rows, so a
/// NaN spreads beyond its window. source and result: same shape; radius >= 0.
inline Result<void> box_filter(View<const float> source, View<float> result, int radius,
                               const Backend& on = image_ops()) {
  using namespace detail;
  if (auto ok = first_error({check_view("source", source), check_view("result", result)}); !ok) return ok;
  if (auto ok = check_shape("result", result.shape(), source.shape()); !ok) return ok;
  if (radius < 0)
    return Error{ErrorCode::invalid_argument, "radius is " + std::to_string(radius) + ", wanted 0 or more"};
  // A window that covers everything from everywhere cannot grow further; this also keeps sums of indices in range.
  std::int32_t r = std::min(radius, std::max(source.width(), source.height()));
  for (int c = 0; c < source.channels(); ++c) {
    const Rows rows(source.channel(c), on);
    if (!rows.done()) return rows.done();
    RowsOut rows_out(result.channel(c));
    Source<float> in(on, rows.view(), 2);
    Target<float> out(on, rows_out.view(), 2);
    if (auto ok = first_error({check_problem("source", in.problem()), check_problem("result", out.problem())}); !ok)
      return ok;
    void* arguments[] = {nullptr, in.pointer(), &r, out.pointer()};
    if (auto ok = run(on, "box_filter_f32", arguments); !ok) return ok;
    if (auto ok = out.finish(); !ok) return ok;
    rows_out.finish();
  }
  return {};
}

struct GuidedFilterOptions {
  int radius = 8;         ///< of the windows, in pixels
  float epsilon = 1e-4f;  ///< regularisation, in squared units of the guide; > 0
};

/// The guided filter with a colour guide (He, Sun, Tang 2010): smooths source while keeping the guide's edges. Window
/// means are taken in double. guide: three channels; source, result: one, all of the same size and finite.
inline Result<void> guided_filter(View<const float> guide, View<const float> source, View<float> result,
                                  GuidedFilterOptions options = {}, const Backend& on = image_ops()) {
  using namespace detail;
  if (auto ok = first_error({check_view("guide", guide), check_view("source", source), check_view("result", result)});
      !ok)
    return ok;
  const Shape plane{source.height(), source.width(), 1};
  if (auto ok =
          first_error({check_shape("guide", guide.shape(), Shape{plane.height, plane.width, 3}),
                       check_shape("source", source.shape(), plane), check_shape("result", result.shape(), plane)});
      !ok)
    return ok;
  if (options.radius < 0)
    return Error{ErrorCode::invalid_argument, "radius is " + std::to_string(options.radius) + ", wanted 0 or more"};
  if (!(options.epsilon > 0) || options.epsilon > std::numeric_limits<float>::max())
    return Error{ErrorCode::invalid_argument, "epsilon is " + std::to_string(options.epsilon) + ", wanted above 0"};
  std::int32_t r = std::min(options.radius, std::max(plane.width, plane.height));
  if (guide.strides().c < 0) guide = guide.reversed_channels();  // the order of channels does not matter
  const Rows guide_rows(guide, on), source_rows(source, on);
  if (auto ok = first_error({guide_rows.done(), source_rows.done()}); !ok) return ok;
  RowsOut rows_out(result);
  Source<float> i(on, guide_rows.view(), 3), p(on, source_rows.view(), 2);
  Target<float> out(on, rows_out.view(), 2);
  if (auto ok = first_error({check_problem("guide", i.problem()), check_problem("source", p.problem()),
                             check_problem("result", out.problem())});
      !ok)
    return ok;
  void* arguments[] = {nullptr, i.pointer(), p.pointer(), &r, &options.epsilon, out.pointer()};
  if (auto ok = run(on, "guided_filter_f32_c3", arguments); !ok) return ok;
  if (auto ok = out.finish(); !ok) return ok;
  rows_out.finish();
  return {};
}

}  // namespace hairline::kernels
