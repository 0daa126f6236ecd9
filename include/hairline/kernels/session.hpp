#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hairline/core/any_view.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/core/image.hpp"
#include "hairline/core/result.hpp"
#include "hairline/kernels/device_buffer.hpp"
#include "hairline/kernels/memory_plan.hpp"
#include "hairline/kernels/pack_network.hpp"
#include "hairline/kernels/pages.hpp"
#include "hairline/kernels/refine_cells.hpp"
#include "hairline/kernels/stopwatch.hpp"
#include "hairline/layers/patches.hpp"
#include "hairline/layers/resize.hpp"
#include "hairline/nets/shapes.hpp"

namespace hairline::kernels {

/// A view to write a named result to, of any pixel type.
struct ResultTarget {
  std::string_view name;
  PixelType type = PixelType::f32;
  void* data = nullptr;
  Shape shape{};
  Strides strides{};

  template <Pixel T>
  ResultTarget(std::string_view result, View<T> v)
      : name(result), type(PixelTraits<T>::type), data(v.data()), shape(v.shape()), strides(v.strides()) {}
  template <class T>
  View<T> as() const {
    return {static_cast<T*>(data), shape, strides};
  }
};

/// A dense picture (channels side by side, rows without gaps) in the memory of a session's device: a CUdeviceptr or a
/// cl_mem of its backend's context.
struct DevicePicture {
  std::uint64_t memory = 0;
  PixelType type = PixelType::u8;  ///< u8 or f32
  Shape shape{};
};

/// The same to write a named result to: alpha or foreground.
struct DeviceTarget {
  std::string_view name;
  DevicePicture to;
};

/// What a run reports besides its pictures.
struct RunReport {
  int cells = 0;          ///< that the picture has
  int refined_cells = 0;  ///< of which were refined
};

/// Milliseconds of one step; filled in only when asked for.
struct StepTime {
  std::string name, kernel;
  double milliseconds = 0;
  double multiply_adds = 0;
  double bytes = 0;  ///< of its inputs, weights and result, each once
};

/// Threads of Halide's pool: what HL_NUM_THREADS said when it was first asked, else one for each processor.
inline int thread_count() {
  static const int threads = [] {
    const char* wanted = std::getenv("HL_NUM_THREADS");
    const int n = wanted != nullptr ? std::atoi(wanted) : 0;
    return n > 0 ? n : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }();
  return threads;
}

/// Runs one network with compiled kernels. Weights are shared, memory is its own: one session for each thread.
/// After the first run of a size nothing is allocated by the session.
class Session {
 public:
  /// On a device, the first session of a network has the driver compile every kernel (see cold_start_ms()).
  explicit Session(std::shared_ptr<const PackedNetwork> net) : net_(std::move(net)) { warm_up(); }

  /// @param pictures  as many as the network reads, of one size, in the order of its inputs; u8, u16, f32 or f64, any
  ///                  strides. u8 and f32 are read in place.
  /// @param results   what is wanted: names as in the network, sizes as shapes() says (see result_shape())
  /// @param times     if given, gets the time of each step
  /// Errors: another number of pictures, sizes that differ, no pixels, too small a picture, an unknown result, one of
  /// another size, a kernel that fails.
  Result<RunReport> run(std::span<const AnyView> pictures, std::span<const ResultTarget> results,
                        const RunOptions& options = {}, std::vector<StepTime>* times = nullptr);

  /// The same on pictures that are on the device already, to results there; nothing is copied. All pictures are of one
  /// type, and so are the results: u8 (from u8) or f32. The work is queued when this returns, and done in the order of
  /// the backend's queue; memory has to stay until then. Errors: also a session of a processor, another result.
  Result<RunReport> run_on_device(std::span<const DevicePicture> pictures, std::span<const DeviceTarget> results,
                                  const RunOptions& options = {}, std::vector<StepTime>* times = nullptr);

  /// Bytes of activations for the last size.
  std::size_t arena_bytes() const;

  /// Milliseconds that the constructor waited for the driver's compiler; 0 on a processor and for later sessions.
  double cold_start_ms() const { return cold_start_ms_; }

 private:
  struct PreparedStep {
    const Kernel* kernel[2] = {nullptr, nullptr};  // for u8 and f32 pictures; others have one
    std::deque<detail::Argument> buffers;
    std::deque<int> scalars;
    std::vector<void*> arguments;
    std::vector<std::size_t> picture_slots;  // arguments to be set to a picture of this run
    std::vector<int> picture_index;
  };

  Result<void> check(std::span<const AnyView> pictures, std::span<const ResultTarget> results) const;
  Result<void> prepare(int height, int width, const RunOptions& options);
  Result<PreparedStep> prepare_step(std::size_t which);
  Result<void> take_pictures(std::span<const AnyView> pictures);
  Result<void> upload_pictures();
  Result<void> reserve_blocks();
  Result<void> call(const Kernel* kernel, void** arguments) const;
  Result<const Kernel*> want(const std::string& name, const std::string& why) const;
  Result<void> find_kernels();
  void choose_steps(std::span<const ResultTarget> results);
  Result<void> run_steps(std::vector<StepTime>* times);
  Result<RunReport> refine(std::span<const ResultTarget> results, const RunOptions& options,
                           std::vector<StepTime>* times);
  Result<void> choose(const RunOptions& options);
  Result<void> refine_tiles(std::size_t size);
  Result<void> fade_patches(std::size_t size, float fade);
  void fade_cell(const float* coarse, int column, int row, float share, float* patch, std::size_t pitch) const;
  Result<void> finish(const ResultTarget* alpha, const ResultTarget* foreground);
  template <class T>
  static void bring(const ResultTarget* to, View<const T> from);
  const ResultTarget* target_of(Delivery::Kind kind, std::span<const ResultTarget> results) const;
  void warm_up();
  Result<void> upload_taps();
  Result<void> choose_on_device(const RunOptions& options, RunReport& report);
  Result<void> refine_tiles_on_device(std::size_t size);
  Result<RunReport> refine_on_device(std::span<const ResultTarget> results, const RunOptions& options,
                                     std::vector<StepTime>* times);
  Result<void> finish_on_device(const ResultTarget* alpha, const ResultTarget* foreground);
  Result<void> download_result(std::size_t which, const ResultTarget& to, bool bytes);
  Result<void> download_cells();
  Result<void> deliver(const Delivery& d, const ResultTarget& target);
  template <class T>
  void deliver_as(const Delivery& d, const float* from, View<T> to) const;
  Result<const float*> values(int storage);

  float* memory(int storage) const { return arena_.data() + plan_.offset[static_cast<std::size_t>(storage)]; }
  const TensorShape& shape(int node) const { return shapes_[static_cast<std::size_t>(node)]; }
  bool on_device() const { return net_->on.on_device; }
  /// A place as an argument, of some node's height and width.
  detail::Argument activation(const Place& place, int node) const;
  /// What a step computed as the biases of another.
  detail::Argument computed_bias(const Place& place) const;
  double multiply_adds(const Step& step) const;
  /// Weights, bias, low or high of a step as an argument.
  template <std::size_t N>
  detail::Argument packed(const detail::PackedStep& step, std::size_t which, const float* data,
                          const std::array<int, N>& extents) const {
    detail::Argument a = detail::Argument::dense(data, extents);
    if (on_device()) step.on_device[which].lend(a.buffer);
    return a;
  }
  static int tasks_for(int height);
  Result<void> wait() const;  // for the device

  std::shared_ptr<const PackedNetwork> net_;
  int height_ = 0, width_ = 0;
  RunOptions options_;
  std::vector<TensorShape> shapes_;
  MemoryPlan plan_;
  Pages arena_;
  // On a device instead: blocks of memory, pictures, cells, patches and results there; what came back of a buffer.
  BlockPlan block_plan_;
  std::vector<DeviceBuffer> blocks_, picture_memory_;
  // Where cells look in the error map, across and down; which are chosen, the tiles' origins, how many, how much of
  // each cell's patch counts; the patches.
  DeviceBuffer taps_memory_[2], slot_memory_, origins_memory_[2], counts_memory_, share_memory_, patches_memory_[2];
  std::array<std::int32_t, 3> counts_{};
  DeviceBuffer result_memory_[2];  // alpha and foreground
  std::array<const DevicePicture*, 2> device_results_{};
  Image<std::uint8_t> result_bytes_[2];
  double cold_start_ms_ = 0;
  std::vector<float> downloaded_;
  std::vector<Image<std::uint8_t>> packed_bytes_;
  std::deque<PreparedStep> steps_;
  std::vector<detail::Argument> pictures_;  // of this run
  std::vector<Image<float>> converted_;
  int picture_type_ = 1;  // index into picture_types
  // Of the refiner: kernels by size of tile and type of pictures, by types of picture and result.
  std::array<std::array<const Kernel*, 2>, 2> refine_kernels_{}, finish_kernels_{};
  const Kernel* select_kernel_ = nullptr;
  std::vector<float> error_, patches_[2];
  float line_ = 0;  // of errors, between chosen cells and others
  std::vector<std::int32_t> origins_[2];
  std::vector<std::uint8_t> chosen_, wanted_;
  Image<float> alpha_, foreground_;
};

}  // namespace hairline::kernels

#include "hairline/kernels/session_run.hpp"
// behind it: session_run.hpp has what the refiner calls
#include "hairline/kernels/session_refine.hpp"
// what differs on a device
#include "hairline/kernels/session_device.hpp"
