// A caller's own context, queue and memory on OpenCL, and what is kept between calls.
#include "tests/support/catch.hpp"

#if HAIRLINE_HAVE_KERNELS
#include <dlfcn.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "hairline/core/convert.hpp"
#include "hairline/kernels/image_ops.hpp"
#include "hairline/kernels/opencl.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/kernels/session_support.hpp"

extern "C" const hairline::kernels::Library hairline_kernels_bgmv2_mobilenetv2_opencl;
extern "C" const hairline::kernels::Library hairline_kernels_image_ops_opencl;

namespace {
using namespace session_support;

/// OpenCL as a program of its own would use it.
class Driver {
 public:
  Driver() : library_(dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL)) {
    REQUIRE(library_ != nullptr);
    std::uint32_t count = 0;
    REQUIRE(call<std::int32_t>("clGetPlatformIDs", std::uint32_t{1}, &platform_, &count) == 0);
    REQUIRE(call<std::int32_t>("clGetDeviceIDs", platform_, std::uint64_t{0xffffffff}, std::uint32_t{1}, &device_,
                               &count) == 0);
    std::int32_t error = 0;
    void* nothing = nullptr;
    context = call<void*>("clCreateContext", nothing, std::uint32_t{1}, &device_, nothing, nothing, &error);
    REQUIRE(error == 0);
    queue = call<void*>("clCreateCommandQueue", context, device_, std::uint64_t{0}, &error);
    REQUIRE(error == 0);
  }
  ~Driver() {
    call<std::int32_t>("clReleaseCommandQueue", queue);
    call<std::int32_t>("clReleaseContext", context);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  std::uint64_t memory(std::size_t bytes, const void* content = nullptr) const {
    std::int32_t error = 0;
    void* nothing = nullptr;
    void* made = call<void*>("clCreateBuffer", context, std::uint64_t{1}, bytes, nothing, &error);
    REQUIRE(error == 0);
    if (content != nullptr)
      REQUIRE(call<std::int32_t>("clEnqueueWriteBuffer", queue, made, std::uint32_t{1}, std::size_t{0}, bytes, content,
                                 std::uint32_t{0}, nothing, nothing) == 0);
    return reinterpret_cast<std::uint64_t>(made);
  }
  void read(std::uint64_t memory, void* to, std::size_t bytes) const {
    void* nothing = nullptr;
    REQUIRE(call<std::int32_t>("clEnqueueReadBuffer", queue, reinterpret_cast<void*>(memory), std::uint32_t{1},
                               std::size_t{0}, bytes, to, std::uint32_t{0}, nothing, nothing) == 0);
  }
  /// Who else refers to a piece of memory or to the context.
  std::uint32_t references(std::uint64_t memory) const {
    std::uint32_t n = 0;
    std::size_t* nothing = nullptr;
    REQUIRE(call<std::int32_t>("clGetMemObjectInfo", reinterpret_cast<void*>(memory), std::uint32_t{0x1105}, sizeof n,
                               static_cast<void*>(&n), nothing) == 0);
    return n;
  }
  std::uint32_t context_references() const {
    std::uint32_t n = 0;
    std::size_t* nothing = nullptr;
    REQUIRE(call<std::int32_t>("clGetContextInfo", context, std::uint32_t{0x1080}, sizeof n, static_cast<void*>(&n),
                               nothing) == 0);
    return n;
  }
  /// References to the context once they have not changed for a second: a driver's own threads let go of what has run a
  /// little later.
  std::uint32_t settled_references() const {
    std::uint32_t n = context_references();
    for (int unchanged = 0; unchanged < 100; ++unchanged) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (const std::uint32_t now = context_references(); now != n) n = now, unchanged = 0;
    }
    return n;
  }
  void release(std::uint64_t memory) const {
    CHECK(call<std::int32_t>("clReleaseMemObject", reinterpret_cast<void*>(memory)) == 0);
  }
  void *context = nullptr, *queue = nullptr;

 private:
  template <class R, class... A>
  R call(const char* name, A... arguments) const {
    auto* f = reinterpret_cast<R (*)(A...)>(dlsym(library_, name));
    REQUIRE(f != nullptr);
    return f(arguments...);
  }
  void *library_, *platform_ = nullptr, *device_ = nullptr;
};

constexpr int height = 52, width = 68;

Image<std::uint8_t> bytes_of(const Image<float>& image) {
  Image<std::uint8_t> to(image.shape());
  copy_pixels<std::uint8_t>(View<const float>(image.view()), to.view());
  return to;
}
}  // namespace

TEST_CASE("device: the caller's context, queue and memory are used as they are") {
  const kernels::Library& library = hairline_kernels_bgmv2_mobilenetv2_opencl;
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const Weights weights = seeded_weights(g, 11);
  const Pair pair = make_pair(height, width);
  const Image<std::uint8_t> picture = bytes_of(pair.picture), plate = bytes_of(pair.plate);
  const RunOptions options = options_of(RefineMode::sampling, 0.25);

  // What the library's own context gives.
  Image<float> wanted(Shape{height, width, 1}), colour(Shape{height, width, 3});
  int cells = 0;
  {
    kernels::Session session(kernels::pack_network(g, weights, kernels::opencl_backend(library)).value());
    const AnyView in[] = {View<const std::uint8_t>(picture.view()), View<const std::uint8_t>(plate.view())};
    const kernels::ResultTarget out[] = {{"pha", wanted.view()}, {"fgr", colour.view()}};
    cells = session.run(in, out, options).value().refined_cells;
  }

  const Driver driver;
  const kernels::Backend on = kernels::opencl_backend(library, driver.context, driver.queue);
  const Shape three{height, width, 3}, one{height, width, 1};
  const std::uint64_t in0 = driver.memory(picture.size(), picture.data()),
                      in1 = driver.memory(plate.size(), plate.data());
  const std::uint64_t alpha = driver.memory(sizeof(float) * wanted.size()),
                      foreground = driver.memory(sizeof(float) * colour.size());
  {
    kernels::Session session(kernels::pack_network(g, weights, on).value());
    const kernels::DevicePicture pictures[] = {{in0, PixelType::u8, three}, {in1, PixelType::u8, three}};
    const kernels::DeviceTarget results[] = {{"pha", {alpha, PixelType::f32, one}},
                                             {"fgr", {foreground, PixelType::f32, three}}};
    for (int frame = 0; frame < 3; ++frame) {
      const auto report = session.run_on_device(pictures, results, options);
      INFO((report ? std::string() : report.error().message));
      REQUIRE(report);
      CHECK(report->refined_cells == cells);
    }
    std::vector<float> got(wanted.size()), got_colour(colour.size());
    driver.read(alpha, got.data(), sizeof(float) * got.size());  // in the queue's order: nothing else waits
    driver.read(foreground, got_colour.data(), sizeof(float) * got_colour.size());
    CHECK(std::equal(got.begin(), got.end(), wanted.begin()));
    CHECK(std::equal(got_colour.begin(), got_colour.end(), colour.begin()));

    // Eight bits straight from the kernel.
    const std::uint64_t small = driver.memory(wanted.size());
    const kernels::DeviceTarget bytes[] = {{"pha", {small, PixelType::u8, one}}};
    REQUIRE(session.run_on_device(pictures, bytes, options));
    std::vector<std::uint8_t> rounded(wanted.size());
    driver.read(small, rounded.data(), rounded.size());
    int most = 0;
    for (std::size_t i = 0; i < rounded.size(); ++i)
      most = std::max(most,
                      std::abs(static_cast<int>(rounded[i]) - static_cast<int>(std::lround(255 * wanted.data()[i]))));
    CHECK(most == 0);

    // What cannot be is said.
    const auto refused = [&](std::span<const kernels::DevicePicture> p, std::span<const kernels::DeviceTarget> r) {
      const auto report = session.run_on_device(p, r, options);
      return report ? std::string() : report.error().message;
    };
    const kernels::DevicePicture nowhere[] = {{0, PixelType::u8, three}, {in1, PixelType::u8, three}};
    const kernels::DeviceTarget other[] = {{"err_sm", {alpha, PixelType::f32, one}}};
    const kernels::DeviceTarget smaller[] = {{"pha", {alpha, PixelType::f32, {height, width - 1, 1}}}};
    CHECK(refused(nowhere, results).find("wanted pictures in the device's memory") != std::string::npos);
    CHECK(refused(pictures, other).find("leaves no 'err_sm' on a device") != std::string::npos);
    CHECK(refused(pictures, smaller).find("wanted " + to_string(one)) != std::string::npos);
    CHECK(refused({pictures, 1}, results).find("reads 2 pictures, given 1") != std::string::npos);
    driver.release(small);
  }
  // Nobody else holds the caller's memory, and nothing of the library is left in the context.
  driver.settled_references();
  for (const std::uint64_t m : {in0, in1, alpha, foreground}) {
    CHECK(driver.references(m) == 1);
    driver.release(m);
  }
  REQUIRE(kernels::forget(on));
}

TEST_CASE("device: numbers and contexts that are not there are errors") {
  const kernels::Library& library = hairline_kernels_bgmv2_mobilenetv2_opencl;
  const auto first = kernels::opencl_backend(library, 0), none = kernels::opencl_backend(library, 99);
  CHECK(!first.error);
  REQUIRE(none.error);
  CHECK(none.error->code == ErrorCode::not_found);
  CHECK(none.error->message.find("no device opencl:99; found opencl:0 ") != std::string::npos);
  CHECK(kernels::opencl_backend(library, nullptr, nullptr).error);
  CHECK(kernels::cuda_backend(library, nullptr, nullptr).error);
  CHECK(kernels::cuda_backend(library, 99).error);
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const auto packed = kernels::pack_network(g, seeded_weights(g, 1), none);
  REQUIRE(!packed);
  CHECK(packed.error().message == none.error->message);
}

TEST_CASE("device: the first session of a network waits for the compiler, the next does not") {
  const Graph g = graph<BackgroundMattingV2<MobileNetV2>>();
  const auto net = kernels::pack_network(g, seeded_weights(g, 1),
                                         kernels::opencl_backend(hairline_kernels_bgmv2_mobilenetv2_opencl, 0))
                       .value();
  const kernels::Session first(net), second(net);
  CHECK(first.cold_start_ms() > 0);
  CHECK(second.cold_start_ms() == 0);
}

TEST_CASE("device: memory inside of kernels is kept between calls, and let go on request") {
  const Driver driver;
  const std::uint32_t before = driver.context_references();  // each piece of memory holds one
  const auto on = kernels::opencl_backend(hairline_kernels_image_ops_opencl, driver.context, driver.queue);
  const Pair pair = make_pair(height, width);
  Plane guide(Shape{height, width, 1}), mean(Shape{height, width, 1});
  copy_pixels<float>(View<const float>(pair.picture.view()).channel(0), guide.view());
  std::uint32_t once = 0;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(kernels::box_filter(View<const float>(guide.view()), mean.view(), 5, on));
    const std::uint32_t now = driver.settled_references();
    if (i == 0) once = now;
    CHECK(now == once);
  }
  CHECK(once > before);
  REQUIRE(kernels::forget(on));
  CHECK(driver.settled_references() == before);
}
#endif
