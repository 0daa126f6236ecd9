#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "hairline/weights/tensor_store.hpp"

namespace hairline {

/// A 64-bit number that depends on every bit of a stored tensor, its type and its shape. Finds accidents (a tensor
/// edited, swapped, cut); anybody can make another file of the same fingerprint on purpose.
/// Cost: one pass over the bytes, at memory speed.
inline std::uint64_t fingerprint(const StoredTensor& t) {
  constexpr std::uint64_t prime = 0x9E3779B185EBCA87u;
  const auto mix = [](std::uint64_t state, std::uint64_t word) {
    return std::rotl(state + word * 0xC2B2AE3D27D4EB4Fu, 31) * prime;
  };
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};  // four, so that one multiplication need not wait for another
  std::size_t at = 0;
  for (; at + 32 <= t.bytes.size(); at += 32)
    for (std::size_t lane = 0; lane < 4; ++lane) {
      std::uint64_t word;
      std::memcpy(&word, t.bytes.data() + at + 8 * lane, 8);
      lanes[lane] = mix(lanes[lane], word);
    }
  std::uint64_t state = t.bytes.size();
  for (const std::uint64_t lane : lanes) state = mix(state, lane);
  for (; at < t.bytes.size(); ++at) state = mix(state, static_cast<std::uint64_t>(t.bytes[at]));
  state = mix(state, static_cast<std::uint64_t>(t.type));
  for (const std::int64_t d : t.dims) state = mix(state, static_cast<std::uint64_t>(d));
  state ^= state >> 29;  // the last words reach the low bits too
  state *= prime;
  return state ^ (state >> 32);
}

/// The fingerprints of a file's tensors in the order of their names, without those of a self-test.
inline std::vector<std::uint64_t> fingerprints(const std::map<std::string, StoredTensor, std::less<>>& tensors) {
  std::vector<std::uint64_t> all;
  for (const auto& [name, t] : tensors)
    if (!name.starts_with(self_test_prefix)) all.push_back(fingerprint(t));
  return all;
}

}  // namespace hairline
