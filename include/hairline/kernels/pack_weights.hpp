#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/lowered.hpp"
#include "hairline/kernels/winograd.hpp"
#include "hairline/layers/graph.hpp"
#include "hairline/weights/number_type.hpp"
#include "hairline/weights/weights_view.hpp"

namespace hairline::kernels::detail {

/// A convolution's weights (out, in, y, x) where they lie, and what the batch norm behind it makes of them.
struct FoldedConv {
  int out = 0, in = 0, kernel = 0;
  std::span<const float> weights;
  std::vector<double> scale;  ///< of each output: of its weights
  std::vector<float> bias;
};

/// Its sizes alone.
inline FoldedConv unfolded_conv(const Graph& graph, int conv) {
  const Node& n = graph.nodes[static_cast<std::size_t>(conv)];
  const int in = n.in_channels / n.integer("groups", 1);
  return {n.channels, in, n.integer("kernel"), {}, {}, std::vector<float>(static_cast<std::size_t>(n.channels), 0.0f)};
}

inline FoldedConv fold_conv(const Graph& graph, const WeightsView& weights, int conv, int norm) {
  const auto values = [&](int node, const char* suffix) {
    const std::string_view path = graph.nodes[static_cast<std::size_t>(node)].name.view();
    return weights.tensors.find(path.empty() ? std::string(suffix) : std::string(path) + "." + suffix)->second;
  };
  FoldedConv f = unfolded_conv(graph, conv);
  const std::size_t out = f.bias.size();
  f.weights = values(conv, "weight");
  f.scale.assign(out, 1.0);
  if (graph.nodes[static_cast<std::size_t>(conv)].integer("bias")) {
    const std::span<const float> bias = values(conv, "bias");
    f.bias.assign(bias.begin(), bias.end());
  }
  if (norm < 0) return f;
  const auto gain = values(norm, "weight"), shift = values(norm, "bias"), mean = values(norm, "running_mean"),
             variance = values(norm, "running_var");
  const double epsilon = graph.nodes[static_cast<std::size_t>(norm)].get("epsilon");
  for (std::size_t o = 0; o < out; ++o) {
    f.scale[o] = static_cast<double>(gain[o]) / std::sqrt(static_cast<double>(variance[o]) + epsilon);
    f.bias[o] = static_cast<float>(static_cast<double>(shift[o]) +
                                   f.scale[o] * (static_cast<double>(f.bias[o]) - static_cast<double>(mean[o])));
  }
  return f;
}

/// Floats of weights in the order that a kernel asked for.
inline std::size_t packed_size(const std::array<int, 5>& asked) {
  std::size_t size = 1;
  for (int extent : asked) size *= static_cast<std::size_t>(extent);
  return size;
}

inline constexpr int pack_lanes = 16;

/// Where a piece of packing reads and writes: `inputs` input channels for 16 outputs side by side.
struct PackPiece {
  const float* from[pack_lanes];  ///< first tap of each output, or null beyond the last
  double scale[pack_lanes];
  int inputs, taps;      ///< taps of the kernel, 9 or any
  int nx, ny;            ///< extents of the transform; 0: as the taps are
  float* to;             ///< of the first tap and input
  std::size_t next_in;   ///< floats from input to input
  std::size_t next_tap;  ///< floats from tap to tap
};

// The bodies are compiled for each level: what they do to 16 outputs at a time is vectors of any width. Transforms are
// worked out in double, rows first.
#if defined(__GNUC__)
__attribute__((always_inline))
#endif
inline void
pack_body(const PackPiece& p) {
  constexpr int lanes = pack_lanes, most = 288;
  float near[lanes][most + 1];  // taps of a few inputs, close together
  const int at_once = std::max(1, most / p.taps);
  const double *gx = p.nx > 0 ? winograd_weights(p.nx - 2) : nullptr,
               *gy = p.ny > 0 ? winograd_weights(p.ny - 2) : nullptr;
  for (int first = 0; first < p.inputs; first += at_once) {
    const int count = std::min(at_once, p.inputs - first);
    for (int l = 0; l < lanes; ++l)
      if (p.from[l] != nullptr)
        std::memcpy(near[l], p.from[l] + static_cast<std::ptrdiff_t>(first) * p.taps,
                    static_cast<std::size_t>(count * p.taps) * sizeof(float));
      else
        std::memset(near[l], 0, static_cast<std::size_t>(count * p.taps) * sizeof(float));
    for (int i = 0; i < count; ++i) {
      float* to = p.to + static_cast<std::size_t>(first + i) * p.next_in;
      if (p.nx == 0) {
        for (int t = 0; t < p.taps; ++t, to += p.next_tap)
          for (int l = 0; l < lanes; ++l)
            to[l] = static_cast<float>(p.scale[l] * static_cast<double>(near[l][i * p.taps + t]));
        continue;
      }
      double tap[9][lanes];
      for (int t = 0; t < 9; ++t)
        for (int l = 0; l < lanes; ++l) tap[t][l] = p.scale[l] * static_cast<double>(near[l][i * 9 + t]);
      for (int j = 0; j < p.ny; ++j) {
        double row[3][lanes];
        for (int x = 0; x < 3; ++x)
          for (int l = 0; l < lanes; ++l)
            row[x][l] = gy[3 * j] * tap[x][l] + gy[3 * j + 1] * tap[3 + x][l] + gy[3 * j + 2] * tap[6 + x][l];
        for (int k = 0; k < p.nx; ++k, to += p.next_tap)
          for (int l = 0; l < lanes; ++l)
            to[l] = static_cast<float>(gx[3 * k] * row[0][l] + gx[3 * k + 1] * row[1][l] + gx[3 * k + 2] * row[2][l]);
      }
    }
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2,fma"))) inline void pack_piece_avx2(const PackPiece& p) { pack_body(p); }
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))) inline void pack_piece_avx512(
    const PackPiece& p) {
  pack_body(p);
}
#endif
inline void pack_piece(const PackPiece& p) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (machine_level() == CpuLevel::avx512) return pack_piece_avx512(p);
  if (machine_level() == CpuLevel::avx2) return pack_piece_avx2(p);
#endif
  pack_body(p);
}

/// Channels of one of a convolution's inputs, and which of its input channels the first of them is.
struct PackedPart {
  int from = 0, channels = 0;
};

/// One tile of weights in the order that a kernel asked for: channel in tile, input channel, x, y, tile. Where the
/// kernel is 3x3 and asked for more, Winograd's transform of them.
/// @param parts  the values that are joined; each but the last is padded to a block in the kernel's count
/// @param to     where the tile goes, zeros
inline void pack_tile(const FoldedConv& f, const std::array<int, 5>& asked, const std::vector<PackedPart>& parts,
                      int which, float* to) {
  const auto [tile, in, kx, ky, tiles] = asked;
  static_cast<void>(tiles);
  const bool transformed = kx != f.kernel || ky != f.kernel;
  const auto stride = static_cast<std::size_t>(tile) * static_cast<std::size_t>(in);
  std::vector<float> wide;
  for (int o = 0; o < tile; o += pack_lanes) {
    const int here = std::min(pack_lanes, tile - o);
    int counted = 0;
    for (const auto& [real, part] : parts) {
      PackPiece p{};
      p.inputs = part;
      p.taps = f.kernel * f.kernel;
      p.nx = transformed ? kx : 0;
      p.ny = transformed ? ky : 0;
      p.next_in = static_cast<std::size_t>(tile);
      p.next_tap = stride;
      for (int l = 0; l < pack_lanes; ++l) {
        const int output = which * tile + o + l;
        if (l >= here || output >= f.out) continue;
        p.from[l] = f.weights.data() + (static_cast<std::size_t>(output) * static_cast<std::size_t>(f.in) +
                                        static_cast<std::size_t>(real)) *
                                           static_cast<std::size_t>(p.taps);
        p.scale[l] = f.scale[static_cast<std::size_t>(output)];
      }
      p.to = to + static_cast<std::size_t>(counted) * static_cast<std::size_t>(tile) + static_cast<std::size_t>(o);
      if (here == pack_lanes) {
        pack_piece(p);
      } else {  // the rest of a tile that is no multiple of 16 goes through memory of our own
        float* const final = p.to;
        wide.resize(static_cast<std::size_t>(part * kx * ky * pack_lanes));
        p.to = wide.data();
        p.next_in = pack_lanes;
        p.next_tap = static_cast<std::size_t>(part * pack_lanes);
        pack_piece(p);
        for (std::size_t t = 0; t < static_cast<std::size_t>(kx * ky); ++t)
          for (std::size_t i = 0; i < static_cast<std::size_t>(part); ++i)
            std::copy_n(&wide[t * p.next_tap + i * pack_lanes], here,
                        final + t * stride + i * static_cast<std::size_t>(tile));
      }
      counted += padded_channels(part);
    }
  }
}

/// The same rounded to bfloat16, in pairs of inputs: one of a pair, channel in tile, pair, x, y, tile.
/// @param to  where the tile goes
inline void pack_tile_pairs(const FoldedConv& f, const std::array<int, 5>& asked, const std::vector<PackedPart>& parts,
                            int which, std::uint16_t* to) {
  const std::array<int, 5> single{asked[0] / 2, 2 * asked[1], asked[2], asked[3], 1};
  const auto tile = static_cast<std::size_t>(single[0]);
  std::vector<float> values(packed_size(single));
  pack_tile(f, single, parts, which, values.data());
  for (const float* from = values.data(); from != values.data() + values.size(); from += 2 * tile)
    for (std::size_t c = 0; c < tile; ++c) {
      *to++ = float_to_bfloat(from[c]);
      *to++ = float_to_bfloat(from[tile + c]);
    }
}

/// Rounds to half floats, to the nearest. @return whether all of them fit: what rounds to 65536 or more does not.
inline bool pack_halves(std::span<const float> values, std::uint16_t* to) {
  bool fit = true;
  for (const float v : values) {
    *to = float_to_half(v);
    fit = fit && (*to++ & 0x7fffu) != 0x7c00u;
  }
  return fit;
}

}  // namespace hairline::kernels::detail
