#pragma once
#include <Halide.h>

/// Accumulators that stay in registers while a convolution sums: some channels of some pixels.
struct RegisterTile {
  int c = 0, x = 0;
};

/// As many as fit beside the weights and one input: 32 registers with AVX-512, else 16.
/// @param channels  of the result, a multiple of 16
/// @param c, x      chosen already, or 0
inline RegisterTile register_tile(const Halide::Target& target, int channels, int c, int x) {
  const int blocks = channels / 16;
  const bool many = target.has_feature(Halide::Target::AVX512);
  if (c == 0)
    c = !many ? 16 : blocks % 4 == 0 ? 64 : blocks % 5 == 0 ? 80 : blocks % 3 == 0 ? 48 : blocks % 2 == 0 ? 32 : 16;
  if (x == 0 && !many) x = target.has_feature(Halide::Target::AVX2) ? 6 : 3;
  if (x == 0) x = c == 80 ? 5 : c == 64 ? 6 : c == 48 ? 8 : c == 32 ? 12 : 14;
  return {c, x};
}
