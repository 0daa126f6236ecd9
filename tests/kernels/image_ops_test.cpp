#if HAIRLINE_HAVE_KERNELS
#include "hairline/kernels/image_ops.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

#include "hairline/core/convert.hpp"
#include "tests/kernels/support.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
using test::Laid;
using test::Layout;

namespace {

template <class T>
double worst(View<const T> a, View<const T> b) {
  double most = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x)
      for (int c = 0; c < a.channels(); ++c) {
        const double d = std::abs(static_cast<double>(a(y, x, c)) - static_cast<double>(b(y, x, c)));
        if (!(d <= most)) most = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
      }
  return most;
}

template <class From, class To>
void check_convert(const kernels::Backend& on, Shape shape, Layout from, Layout to) {
  Laid<From> source(shape, from);
  Laid<To> result(shape, to);
  test::fill(source.view(), 7, -0.2f, 1.2f);
  INFO(test::label(on, shape, test::name(from)) << " to " << test::name(to));
  const auto done = kernels::convert(source.read(), result.view(), on);
  INFO((done ? "" : done.error().message));
  REQUIRE(done);
  const Image<To> wanted = hairline::convert<To>(AnyView(source.read()));
  // Division on a device may be off by an ulp (OpenCL allows 2.5); on CPUs everything is equal.
  const double tolerance = !on.on_device ? 0 : std::is_floating_point_v<To> ? 3e-7 : 1;
  CHECK(worst<To>(result.read(), wanted.view()) <= tolerance);
  CHECK(result.strays() == 0);
}

// --- references: the formulas in double, pixel by pixel ---

Image<float> reference_resize(View<const float> in, int height, int width) {
  Image<float> out(Shape{height, width, in.channels()});
  const auto coordinate = [](int at, int extent, int out_extent) {
    return std::max((at + 0.5) * extent / out_extent - 0.5, 0.0);
  };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double sy = coordinate(y, in.height(), height), sx = coordinate(x, in.width(), width);
      const int y0 = std::min(static_cast<int>(sy), in.height() - 1),
                x0 = std::min(static_cast<int>(sx), in.width() - 1);
      const int y1 = std::min(y0 + 1, in.height() - 1), x1 = std::min(x0 + 1, in.width() - 1);
      const double fy = sy - y0, fx = sx - x0;
      for (int c = 0; c < in.channels(); ++c)
        out(y, x, c) = static_cast<float>((1 - fy) * ((1 - fx) * in(y0, x0, c) + fx * in(y0, x1, c)) +
                                          fy * ((1 - fx) * in(y1, x0, c) + fx * in(y1, x1, c)));
    }
  return out;
}

Image<double> reference_box(const Image<double>& in, int r) {
  // Rows, then columns: the window is a product, and so is its count.
  const auto pass = [r](const Image<double>& from, bool along_x) {
    Image<double> out(from.shape());
    const int extent = along_x ? from.width() : from.height();
    for (int y = 0; y < from.height(); ++y)
      for (int x = 0; x < from.width(); ++x) {
        const int at = along_x ? x : y;
        const int first = std::max(at - r, 0), last = std::min(at + r, extent - 1);
        double total = 0;
        for (int i = first; i <= last; ++i) total += along_x ? from(y, i) : from(i, x);
        out(y, x) = total / (last - first + 1);
      }
    return out;
  };
  return pass(pass(in, true), false);
}

Image<double> reference_guided(View<const float> guide, View<const float> p, int r, double epsilon) {
  const Shape plane{p.height(), p.width(), 1};
  const auto mean_of = [&](auto&& value) {
    Image<double> image(plane);
    for (int y = 0; y < plane.height; ++y)
      for (int x = 0; x < plane.width; ++x) image(y, x) = value(y, x);
    return reference_box(image, r);
  };
  std::vector<Image<double>> mean(3), cross(3);
  std::vector<std::vector<Image<double>>> product(3, std::vector<Image<double>>(3));
  const auto mean_p = mean_of([&](int y, int x) { return p(y, x); });
  for (int i = 0; i < 3; ++i) {
    mean[i] = mean_of([&](int y, int x) { return guide(y, x, i); });
    cross[i] = mean_of([&](int y, int x) { return double(guide(y, x, i)) * p(y, x); });
    for (int j = 0; j < 3; ++j)
      product[i][j] = mean_of([&](int y, int x) { return double(guide(y, x, i)) * guide(y, x, j); });
  }
  std::vector<Image<double>> a(3, Image<double>(plane));
  Image<double> b(plane);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      double m[3][4];  // Gauss elimination with pivots
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j)
          m[i][j] = product[i][j](y, x) - mean[i](y, x) * mean[j](y, x) + (i == j ? epsilon : 0);
        m[i][3] = cross[i](y, x) - mean[i](y, x) * mean_p(y, x);
      }
      for (int i = 0; i < 3; ++i) {
        int pivot = i;
        for (int k = i + 1; k < 3; ++k)
          if (std::abs(m[k][i]) > std::abs(m[pivot][i])) pivot = k;
        std::swap(m[i], m[pivot]);
        for (int k = 0; k < 3; ++k)
          if (k != i) {
            const double f = m[k][i] / m[i][i];
            for (int j = i; j < 4; ++j) m[k][j] -= f * m[i][j];
          }
      }
      b(y, x) = mean_p(y, x);
      for (int i = 0; i < 3; ++i) {
        a[i](y, x) = m[i][3] / m[i][i];
        b(y, x) -= a[i](y, x) * mean[i](y, x);
      }
    }
  Image<double> q = reference_box(b, r);
  for (int i = 0; i < 3; ++i) {
    const auto mean_a = reference_box(a[i], r);
    for (int y = 0; y < plane.height; ++y)
      for (int x = 0; x < plane.width; ++x) q(y, x) += mean_a(y, x) * guide(y, x, i);
  }
  return q;
}

double worst_to_double(View<const float> a, const Image<double>& b) {
  double most = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x) {
      const double d = std::abs(a(y, x) - b(y, x));
      if (!(d <= most)) most = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
    }
  return most;
}
}  // namespace

TEST_CASE("convert kernels equal copy_pixels in every layout", "[kernels][convert]") {
  for (const auto& on : test::backends())
    for (int channels : {1, 2, 3, 4})
      for (auto [height, width] : test::ragged()) {
        if (on.on_device && height * width > 1200) continue;  // OpenCL on a CPU is slow to call
        for (Layout from : test::all_layouts)
          for (Layout to : test::all_layouts) {
            const bool common = from == Layout::interleaved || to == Layout::interleaved;
            if (!common && (width % 2 == 0 || on.on_device)) continue;  // all pairs at odd widths are enough
            if (on.on_device && width > 20) continue;
            const Shape shape{height, width, channels};
            check_convert<std::uint8_t, float>(on, shape, from, to);
            check_convert<float, std::uint8_t>(on, shape, from, to);
            if (width > 40 && channels != 3) continue;
            check_convert<std::uint16_t, float>(on, shape, from, to);
            check_convert<float, std::uint16_t>(on, shape, from, to);
            check_convert<float, float>(on, shape, from, to);
          }
      }
}

TEST_CASE("convert: every 8- and 16-bit value survives the way there and back", "[kernels][convert]") {
  Image<std::uint16_t> all(Shape{256, 256, 1});
  for (int i = 0; i < 65536; ++i) all.data()[i] = static_cast<std::uint16_t>(i);
  Image<std::uint8_t> bytes(Shape{1, 256, 1});
  for (int i = 0; i < 256; ++i) bytes.data()[i] = static_cast<std::uint8_t>(i);
  for (const auto& on : test::backends()) {
    INFO(kernels::name(on.target));
    Image<float> wide(all.shape()), narrow(bytes.shape());
    Image<std::uint16_t> back(all.shape());
    Image<std::uint8_t> bytes_back(bytes.shape());
    REQUIRE(kernels::convert(std::as_const(all).view(), wide.view(), on));
    REQUIRE(kernels::convert(std::as_const(wide).view(), back.view(), on));
    CHECK(std::equal(all.begin(), all.end(), back.begin()));
    REQUIRE(kernels::convert(std::as_const(bytes).view(), narrow.view(), on));
    REQUIRE(kernels::convert(std::as_const(narrow).view(), bytes_back.view(), on));
    CHECK(std::equal(bytes.begin(), bytes.end(), bytes_back.begin()));
    CHECK(wide(255, 255) == 1.0f);
    CHECK(narrow(0, 255) == 1.0f);
  }
}

TEST_CASE("convert: NaN, infinities and ties", "[kernels][convert]") {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> odd = {std::numeric_limits<float>::quiet_NaN(),
                            inf,
                            -inf,
                            -0.0f,
                            0.0f,
                            1.0f,
                            1e30f,
                            -1e30f,
                            0.5f / 255,
                            1.5f / 255,
                            254.5f / 255};
  while (odd.size() < 131) odd.push_back(odd[odd.size() % 11]);  // so that every lane of a vector sees them
  const View<const float> source(odd.data(), Shape{1, static_cast<int>(odd.size()), 1});
  for (const auto& on : test::backends()) {
    INFO(kernels::name(on.target));
    Image<std::uint8_t> u8(source.shape());
    Image<std::uint16_t> u16(source.shape());
    REQUIRE(kernels::convert(source, u8.view(), on));
    REQUIRE(kernels::convert(source, u16.view(), on));
    for (std::size_t i = 0; i < odd.size(); ++i) {
      INFO(odd[i]);
      CHECK(u8.data()[i] == PixelTraits<std::uint8_t>::from_unit(odd[i]));
      CHECK(u16.data()[i] == PixelTraits<std::uint16_t>::from_unit(odd[i]));
    }
  }
}

TEST_CASE("resize_bilinear equals the formula at ragged sizes and in every layout", "[kernels][resize]") {
  struct Case {
    int h, w, oh, ow;
  };
  const std::vector<Case> cases = {{1, 1, 1, 1},      {1, 1, 5, 7},     {5, 7, 1, 1},    {1, 37, 1, 9},
                                   {41, 1, 13, 1},    {8, 12, 4, 6},    {16, 64, 4, 16}, {17, 33, 8, 16},
                                   {17, 33, 34, 66},  {33, 17, 33, 17}, {7, 13, 31, 65}, {65, 131, 13, 32},
                                   {32, 128, 16, 64}, {9, 65, 18, 130}};
  for (const auto& on : test::backends())
    for (const Case& k : cases)
      for (int channels : {1, 2, 3, 4})
        for (Layout from : test::all_layouts)
          for (Layout to : {Layout::interleaved, Layout::planar, Layout::bgr, Layout::crop, Layout::every_other}) {
            if (on.on_device && (channels == 2 || (from != Layout::interleaved && to != Layout::interleaved))) continue;
            Laid<float> source(Shape{k.h, k.w, channels}, from), result(Shape{k.oh, k.ow, channels}, to);
            test::fill(source.view(), 3);
            INFO(test::label(on, source.read().shape(), test::name(from))
                 << " to " << to_string(result.read().shape()) << " " << test::name(to));
            const auto done = kernels::resize_bilinear(source.read(), result.view(), on);
            INFO((done ? "" : done.error().message));
            REQUIRE(done);
            // Three interpolations of numbers in [0,1], each rounded to float: a few times 6e-8.
            CHECK(worst<float>(result.read(), reference_resize(source.read(), k.oh, k.ow).view()) <= 4e-7);
            CHECK(result.strays() == 0);
          }
}

TEST_CASE("resize_bilinear: the networks' ratios are means of the central pixels", "[kernels][resize]") {
  // BackgroundMattingV2: 1/2 takes each 2x2 block, 1/4 and 1/8 the central 2x2 of each block.
  Image<float> source(Shape{1080, 1920, 3});
  test::fill(source.view(), 5);
  for (const auto& on : test::backends())
    for (int ratio : {2, 4, 8}) {
      INFO(kernels::name(on.target) << " 1/" << ratio);
      Image<float> result(Shape{1080 / ratio, 1920 / ratio, 3});
      REQUIRE(kernels::resize_bilinear(std::as_const(source).view(), result.view(), on));
      double most = 0;
      const int o = ratio / 2 - 1;
      for (int y = 0; y < result.height(); ++y)
        for (int x = 0; x < result.width(); ++x)
          for (int c = 0; c < 3; ++c) {
            const int sy = y * ratio + o, sx = x * ratio + o;
            const double mean = (double(source(sy, sx, c)) + source(sy, sx + 1, c) + source(sy + 1, sx, c) +
                                 source(sy + 1, sx + 1, c)) /
                                4;
            most = std::max(most, std::abs(mean - result(y, x, c)));
          }
      CHECK(most <= 2e-7);
    }
}

TEST_CASE("composite kernels equal the formula in every layout", "[kernels][composite]") {
  for (const auto& on : test::backends())
    for (int channels : {1, 2, 3, 4})
      for (auto [height, width] : test::ragged())
        for (Layout layout : test::all_layouts)
          for (Layout to : {Layout::interleaved, layout}) {
            if (on.on_device && (width > 40 || channels % 2 == 0)) continue;
            const Shape shape{height, width, channels}, plane{height, width, 1};
            INFO(test::label(on, shape, test::name(layout)) << " to " << test::name(to));
            Laid<float> f(shape, layout), b(shape, layout), out(shape, to), a(plane, layout);
            Laid<std::uint8_t> f8(shape, layout), b8(shape, layout), out8(shape, to), mixed8(shape, to),
                a8(plane, layout);
            test::fill(f.view(), 1);
            test::fill(b.view(), 2);
            test::fill(a.view(), 3, -0.1f, 1.1f);
            test::fill(f8.view(), 4);
            test::fill(b8.view(), 5);
            test::fill(a8.view(), 6);
            REQUIRE(kernels::composite(f.read(), a.read(), b.read(), out.view(), on));
            REQUIRE(kernels::composite(f8.read(), a8.read(), b8.read(), out8.view(), on));
            REQUIRE(kernels::composite(f8.read(), a.read(), b8.read(), mixed8.view(), on));
            double most = 0, most8 = 0, most_mixed = 0;
            for (int y = 0; y < height; ++y)
              for (int x = 0; x < width; ++x)
                for (int c = 0; c < channels; ++c) {
                  const double alpha = a.read()(y, x), clamped = std::clamp(alpha, 0.0, 1.0);
                  const double exact = alpha * f.read()(y, x, c) + (1 - alpha) * b.read()(y, x, c);
                  most = std::max(most, std::abs(exact - out.read()(y, x, c)));
                  const int n = a8.read()(y, x) * f8.read()(y, x, c) + (255 - a8.read()(y, x)) * b8.read()(y, x, c);
                  most8 = std::max(most8, std::abs(std::floor(n / 255.0 + 0.5) - out8.read()(y, x, c)));
                  const double real = clamped * f8.read()(y, x, c) + (1 - clamped) * b8.read()(y, x, c);
                  most_mixed = std::max(most_mixed, std::abs(real - mixed8.read()(y, x, c)));
                }
            CHECK(most <= 3e-7);              // two products and a sum in float
            CHECK(most8 == 0);                // integers: exact
            CHECK(most_mixed <= 0.5 + 1e-4);  // rounded to the nearest, but for float's own error of 255 * 1e-7
            CHECK(out.strays() + out8.strays() + mixed8.strays() == 0);
          }
}

TEST_CASE("composite in 8 bits is exact for every alpha and colour", "[kernels][composite]") {
  Image<std::uint8_t> f(Shape{256, 256, 1}), a(f.shape()), b(f.shape(), std::uint8_t{0}), out(f.shape());
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      f(y, x) = static_cast<std::uint8_t>(x);
      a(y, x) = static_cast<std::uint8_t>(y);
    }
  for (const auto& on : test::backends())
    for (int background : {0, 1, 128, 255}) {
      std::fill(b.begin(), b.end(), static_cast<std::uint8_t>(background));
      REQUIRE(kernels::composite(std::as_const(f).view(), std::as_const(a).view(), std::as_const(b).view(), out.view(),
                                 on));
      int wrong = 0;
      for (int y = 0; y < 256; ++y)
        for (int x = 0; x < 256; ++x) wrong += out(y, x) != (2 * (y * x + (255 - y) * background) + 255) / 510;
      INFO(kernels::name(on.target) << " over " << background);
      CHECK(wrong == 0);
    }
}

TEST_CASE("box_filter equals the mean over the cut-off window", "[kernels][box]") {
  for (const auto& on : test::backends())
    for (auto [height, width] : test::ragged())
      for (int radius : {0, 1, 2, 5, 16, 40, 1 << 30})
        for (Layout layout : {Layout::interleaved, Layout::crop, Layout::every_other, Layout::planar}) {
          if (on.on_device && layout != Layout::crop) continue;
          const int channels = layout == Layout::interleaved ? 2 : 1;
          const Shape shape{height, width, channels};
          Laid<float> source(shape, layout), result(shape, layout);
          test::fill(source.view(), 9, 100.0f, 101.0f);  // an offset would show lost digits
          INFO(test::label(on, shape, test::name(layout)) << " radius " << radius);
          const auto done = kernels::box_filter(source.read(), result.view(), radius, on);
          INFO((done ? "" : done.error().message));
          REQUIRE(done);
          for (int c = 0; c < channels; ++c) {
            const auto wanted =
                reference_box(hairline::convert<double>(AnyView(source.read().channel(c))), std::min(radius, 1000));
            CHECK(worst_to_double(result.read().channel(c), wanted) <= 4e-6);  // half an ulp of 100
          }
          CHECK(result.strays() == 0);
        }
}

TEST_CASE("guided_filter equals the direct solution in double", "[kernels][guided]") {
  for (const auto& on : test::backends())
    for (auto [height, width] : test::ragged())
      for (int radius : {1, 4, 20})
        for (float epsilon : {1e-2f, 1e-6f})
          for (Layout layout : {Layout::interleaved, Layout::bgr, Layout::planar, Layout::crop, Layout::every_other}) {
            if (on.on_device && (layout != Layout::bgr || width > 40)) continue;
            const Shape plane{height, width, 1};
            Laid<float> guide(Shape{height, width, 3}, layout), source(plane, layout), result(plane, layout);
            test::fill(guide.view(), 11);
            test::fill(source.view(), 12);
            INFO(test::label(on, plane, test::name(layout)) << " radius " << radius << " epsilon " << epsilon);
            const auto done = kernels::guided_filter(guide.read(), source.read(), result.view(), {radius, epsilon}, on);
            INFO((done ? "" : done.error().message));
            REQUIRE(done);
            const auto wanted = reference_guided(guide.read(), source.read(), radius, epsilon);
            // Slopes and offsets are stored in float. In a window with fewer pixels than unknowns they reach about
            // 1/sqrt(epsilon), so their rounding is 1e-7 times that.
            const double slope = std::min(1 / std::sqrt(epsilon), 100.0f);
            CHECK(worst_to_double(result.read(), wanted) <= 1e-6 + 4e-7 * slope);
            CHECK(result.strays() == 0);
          }
}

TEST_CASE("box and guided filters on a flat, bright picture keep their digits", "[kernels][guided]") {
  // The variance of a nearly constant picture is the difference of two large numbers.
  const Shape plane{97, 131, 1};
  Image<float> guide(Shape{97, 131, 3}), source(plane), result(plane);
  test::fill(guide.view(), 21, 0.9f, 0.9001f);
  test::fill(source.view(), 22);
  for (const auto& on : test::backends()) {
    REQUIRE(kernels::guided_filter(std::as_const(guide).view(), std::as_const(source).view(), result.view(), {8, 1e-9f},
                                   on));
    const auto wanted = reference_guided(std::as_const(guide).view(), std::as_const(source).view(), 8, 1e-9);
    INFO(kernels::name(on.target));
    // Slopes reach about 1e3 here, times float's rounding.
    CHECK(worst_to_double(std::as_const(result).view(), wanted) <= 3e-4);
  }
}

TEST_CASE("one full frame through every kernel at every level gives the same picture", "[kernels]") {
  const Shape frame{1080, 1920, 3}, plane{1080, 1920, 1};
  Image<float> image(frame), back(frame), alpha(plane);
  test::fill(image.view(), 31);
  test::fill(back.view(), 32);
  test::fill(alpha.view(), 33);
  Image<float> first_composite, first_guided, first_resized;
  for (const auto& on : test::backends()) {
    INFO(kernels::name(on.target));
    Image<float> composite(frame), guided(plane), resized(Shape{271, 479, 3});
    REQUIRE(kernels::composite(std::as_const(image).view(), std::as_const(alpha).view(), std::as_const(back).view(),
                               composite.view(), on));
    REQUIRE(kernels::guided_filter(std::as_const(image).view(), std::as_const(alpha).view(), guided.view(), {16, 1e-4f},
                                   on));
    REQUIRE(kernels::resize_bilinear(std::as_const(image).view(), resized.view(), on));
    if (first_composite.empty()) {
      first_composite = composite;
      first_guided = guided;
      first_resized = resized;
      CHECK(worst<float>(std::as_const(resized).view(),
                         reference_resize(std::as_const(image).view(), 271, 479).view()) <= 4e-7);
      continue;
    }
    // Only fused multiply-adds differ between levels.
    CHECK(worst<float>(std::as_const(composite).view(), std::as_const(first_composite).view()) <= 3e-7);
    CHECK(worst<float>(std::as_const(guided).view(), std::as_const(first_guided).view()) <= 2e-6);
    CHECK(worst<float>(std::as_const(resized).view(), std::as_const(first_resized).view()) <= 4e-7);
  }
}

TEST_CASE("what does not fit is an error with both sizes", "[kernels][errors]") {
  Image<float> a(Shape{4, 6, 3}), b(Shape{4, 5, 3}), plane(Shape{4, 6, 1});
  Image<std::uint8_t> bytes(Shape{4, 6, 3});
  const View<const float> ca = std::as_const(a).view(), cp = std::as_const(plane).view();
  const View<const float> cb = std::as_const(b).view();
  const auto text = [](const Result<void>& r) { return r ? std::string("no error") : r.error().message; };
  CHECK(text(kernels::convert(ca, b.view())) == "result is 5x4x3, wanted 6x4x3");
  CHECK(text(kernels::resize_bilinear(ca, plane.view())) == "result has 1 channels, source has 3");
  CHECK(text(kernels::composite(ca, cp, cb, a.view())) == "background is 5x4x3, wanted 6x4x3");
  CHECK(text(kernels::composite(ca, ca, ca, a.view())) == "alpha is 6x4x3, wanted 6x4x1");
  CHECK(text(kernels::box_filter(ca, a.view(), -1)) == "radius is -1, wanted 0 or more");
  CHECK(text(kernels::guided_filter(cp, cp, plane.view())) == "guide is 6x4x1, wanted 6x4x3");
  CHECK_FALSE(kernels::guided_filter(ca, cp, plane.view(), {1, 0.0f}));
  CHECK_FALSE(kernels::guided_filter(ca, cp, plane.view(), {1, std::nanf("")}));
  CHECK(text(kernels::convert(View<const float>{}, bytes.view())) == "source is a null view");
  CHECK(text(kernels::resize_bilinear(ca, View<float>(a.data(), Shape{0, 4, 3}))) == "result is empty: 4x0x3");
  CHECK_FALSE(kernels::box_filter(View<const float>{}, View<float>{}, 1));
}

TEST_CASE("views that kernels cannot index are refused", "[kernels][errors]") {
  float pixel[4] = {};
  const std::ptrdiff_t far = std::ptrdiff_t{1} << 40;
  const View<const float> wide(pixel, Shape{2, 2, 1}, Strides{far, 1, 1});
  float out[4];
  const auto done = kernels::box_filter(wide, View<float>(out, Shape{2, 2, 1}), 1);
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "source: more than 2 GiB from its first to its last pixel");
  // A stride that nothing uses does not matter.
  const View<const float> one(pixel, Shape{1, 2, 1}, Strides{far, 1, far});
  CHECK(kernels::box_filter(one, View<float>(out, Shape{1, 2, 1}), 1));
}

TEST_CASE("a failing kernel is an error with Halide's text, not an abort", "[kernels][errors]") {
  // Called below the checks of image_ops.hpp: the background is smaller than the result.
  Image<float> big(Shape{8, 8, 3}), small(Shape{4, 4, 3}), alpha(Shape{8, 8, 1}), out(Shape{8, 8, 3});
  const auto on = kernels::image_ops();
  const auto done = kernels::detail::composite_channels<float, float>(
      std::as_const(big).view(), std::as_const(alpha).view(), std::as_const(small).view(), out.view(), on);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::kernel);
  INFO(done.error().message);
  CHECK(done.error().message.find("composite_f32_c3 for " + std::string(kernels::name(on.target))) !=
        std::string::npos);
  CHECK(done.error().message.find("background") != std::string::npos);
}

TEST_CASE("kernels and targets that are not there are errors that name them", "[kernels][errors]") {
  void* arguments[] = {nullptr};
  const auto none = kernels::detail::run(kernels::image_ops(), "sharpen_f32", arguments);
  CHECK(none.error().code == ErrorCode::not_found);
  CHECK(none.error().message.find("library image_ops has no kernel sharpen_f32 for ") == 0);
  kernels::Backend cuda{&hairline_kernels_image_ops, kernels::KernelTarget::cuda, true, std::nullopt};
  Image<float> a(Shape{2, 2, 1});
  const auto absent = kernels::box_filter(std::as_const(a).view(), a.view(), 1, cuda);
  CHECK(absent.error().message == "library image_ops has no kernel box_filter_f32 for cuda");
  kernels::Library older = hairline_kernels_image_ops;
  older.version = kernels::library_version - 1;
  const auto refused = kernels::box_filter(std::as_const(a).view(), a.view(), 1, kernels::cpu_backend(older));
  CHECK(refused.error().code == ErrorCode::unsupported);
  CHECK(refused.error().message == "kernel library image_ops was made for version " + std::to_string(older.version) +
                                       " of kernels/library.hpp, wanted " + std::to_string(older.version + 1) +
                                       ": build it from the same hairline");
  CHECK(kernels::cpu_backend(older, kernels::CpuLevel::x86_64).error);
  setenv("HAIRLINE_CPU_LEVEL", "nonsense", 1);
  const auto forced = kernels::box_filter(std::as_const(a).view(), a.view(), 1);
  unsetenv("HAIRLINE_CPU_LEVEL");
  CHECK_FALSE(forced);
}

TEST_CASE("the table holds every kernel at every level", "[kernels]") {
  const kernels::Library& library = hairline_kernels_image_ops;
  CHECK(library.version == kernels::library_version);
  CHECK(std::string(library.halide) == "21.0.0");
  for (std::size_t i = 0; i < library.count; ++i) {
    const kernels::Kernel& k = library.kernels[i];
    CHECK(kernels::find(library, k.name, k.target) == &k);
    for (auto level : {kernels::KernelTarget::x86_64, kernels::KernelTarget::avx2, kernels::KernelTarget::avx512})
      CHECK(kernels::find(library, k.name, level) != nullptr);
    CHECK(kernels::find(hairline_kernels_image_ops_opencl, k.name, kernels::KernelTarget::opencl) != nullptr);
  }
}

TEST_CASE("several threads may call at once", "[kernels][threads]") {
  const Shape frame{203, 317, 3}, plane{203, 317, 1};
  Image<float> image(frame), alpha(plane);
  test::fill(image.view(), 41);
  test::fill(alpha.view(), 42);
  Image<float> alone(plane);
  REQUIRE(kernels::guided_filter(std::as_const(image).view(), std::as_const(alpha).view(), alone.view()));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0), errors(4, 0);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        Image<float> mine(plane), half(Shape{101, 158, 3});
        bool ok =
            kernels::guided_filter(std::as_const(image).view(), std::as_const(alpha).view(), mine.view()).has_value();
        ok = kernels::resize_bilinear(std::as_const(image).view(), half.view()).has_value() && ok;
        // Errors meet in the same runtime: each call must get its own text.
        Image<float> small(Shape{2, 2, 3});
        const auto bad = kernels::detail::composite_channels<float, float>(
            std::as_const(image).view(), std::as_const(alpha).view(), std::as_const(small).view(),
            image.view().crop(0, 0, 203, 317), kernels::image_ops());
        errors[t] += !bad && bad.error().message.find("background") != std::string::npos;
        // Sums do not depend on how threads shared the work: equal to the bit.
        wrong[t] += !ok || !std::equal(mine.begin(), mine.end(), alone.begin());
      }
    });
  for (auto& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) {
    CHECK(wrong[t] == 0);
    CHECK(errors[t] == 20);
  }
}
#endif
