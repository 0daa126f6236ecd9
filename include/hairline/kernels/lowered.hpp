#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "hairline/layers/graph.hpp"

namespace hairline::kernels {

/// Of weights and of the values between layers; sums are float with each. Half floats are for devices, bfloat16 is for
/// processors.
enum class Precision { f32, bf16, f16 };
constexpr const char* name(Precision p) { return p == Precision::bf16 ? "bf16" : p == Precision::f16 ? "f16" : "f32"; }
/// As kernels' names and their constant "types" say it.
constexpr char letter(Precision p) { return p == Precision::bf16 ? 'b' : p == Precision::f16 ? 'h' : 'f'; }

/// Which kernel: a generator and the constants it is compiled with. Kernels of one name are one kernel.
struct KernelDescriptor {
  std::string name;       ///< e.g. "conv2d_k3s1d1p1_64u_16_o48_relu"
  std::string generator;  ///< e.g. "hairline_conv2d"
  std::vector<std::pair<std::string, std::string>> constants;
  bool devices_only = false;  ///< on processors the work is done otherwise
};

/// Channels between kernels lie side by side, padded with zeros to a multiple of this.
inline constexpr int channel_block = 16;
constexpr int padded_channels(int channels) { return (channels + channel_block - 1) / channel_block * channel_block; }

/// Pictures that only convolutions read are padded to this.
inline constexpr int picture_pitch = 8;

/// Where a value lies: some channels of what a step wrote.
struct Place {
  int storage = -1;  ///< which buffer
  int first = 0;     ///< channel
  int channels = 0;
  int pitch = 0;  ///< channels of the buffer, padding included
};

/// One input of a step.
struct StepInput {
  Place place;
  int node = -1;         ///< whose shape it has
  bool resized = false;  ///< brought to the size of the step's input on the way
  int counted_from = 0;  ///< which input channel of the convolution its first channel is
};

enum class StepKind {
  pictures,
  conv2d,
  depthwise,
  inverted_residual,
  depthwise_separable,
  max_pool,
  global_average,
  resize,
  sum,
  refine
};

/// One call of a kernel.
struct Step {
  StepKind kind = StepKind::conv2d;
  KernelDescriptor kernel;
  std::string name;  ///< of the layer or block, for people
  std::vector<StepInput> inputs;
  StepInput addend;              ///< of conv2d or a block with one, if its place is set
  Place bias;                    ///< of conv2d: computed by another step instead of packed, if its storage is set
  int node = -1;                 ///< whose shape the result has
  int size_node = -1;            ///< whose height and width the input has once resized
  int storage = -1;              ///< what it writes
  int conv = -1, norm = -1;      ///< nodes whose tensors it needs
  bool half_weights = false;     ///< of conv2d and depthwise: half floats
  std::vector<float> low, high;  ///< a range for each channel, if the activation is "bounds"
  std::vector<Step> parts;       ///< of a fused block: the steps that it replaces
};

/// What brings coarse results to full size, refiner included, as one piece. Node indices of its convolutions and norms.
struct RefineStage {
  bool present = false;
  bool refines = false;
  int first_node = -1;  ///< the resized error map; without a refiner the joined coarse values
  Place error, coarse;  ///< coarse: the buffer that holds alpha, residual and hidden
  int error_node = -1, coarse_node = -1;
  int alpha_at = 0, residual_at = 1, hidden_at = 5, hidden = 32;
  int conv[4] = {-1, -1, -1, -1}, norm[3] = {-1, -1, -1};
  int kernel = 3;
  int widths[3] = {24, 16, 12};
  int padded_node = -1;  ///< a picture after padding
  int picture[2] = {0, 1};
  int cells_storage = -1;
};

/// How a named result comes about.
struct Delivery {
  enum class Kind { place, alpha, foreground, cells } kind = Kind::place;
  std::string name;
  Place place;  ///< of Kind::place
  int node = -1;
};

/// A network as calls of kernels.
struct LoweredNetwork {
  std::string name;
  std::vector<Step> steps;
  std::vector<int> storage_pitch;  ///< channels of each buffer, padding included
  std::vector<int> storage_node;   ///< whose height and width it has
  std::vector<Precision> storage_precision;
  RefineStage refine;
  std::vector<Delivery> results;
  int pictures = 0;           ///< how many it reads
  std::vector<int> channels;  ///< of each picture

  /// What numbers a buffer holds; none of ours (a negative one): floats.
  Precision precision(int storage) const {
    return storage >= 0 ? storage_precision[static_cast<std::size_t>(storage)] : Precision::f32;
  }
  /// Whether they have 16 bits.
  bool narrow(int storage) const { return precision(storage) != Precision::f32; }
};

}  // namespace hairline::kernels
