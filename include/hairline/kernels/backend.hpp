#pragma once
#include <optional>
#include <string>
#include <utility>

#include "hairline/core/result.hpp"
#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/library.hpp"
#include "hairline/kernels/lowered.hpp"

namespace hairline::kernels {

/// Where kernels run: a library that the program links, and which of its targets. Nothing ever falls back to another
/// target; a target that the library or the machine lacks is an error of the call.
struct Backend {
  const Library* library = nullptr;
  KernelTarget target = KernelTarget::x86_64;
  bool on_device = false;              ///< results have to be copied back from a device
  std::optional<Error> error;          ///< set if the choice itself failed; every call returns it
  DeviceQueue queue = {};              ///< on a device: where its work goes
  Precision numbers = Precision::f32;  ///< on a device: of weights and of what lies between layers
  /// What the library's functions want.
  const DeviceQueue* device_queue() const { return on_device ? &queue : nullptr; }

  /// What numbers weights are, and what lies between layers.
  Precision precision() const { return target == KernelTarget::avx512_bf16 ? Precision::bf16 : numbers; }
};

/// Why a library cannot be used with these headers, or nothing.
inline std::optional<Error> version_error(const Library& library) {
  if (library.version == library_version) return std::nullopt;
  return Error{ErrorCode::unsupported, std::string("kernel library ") + library.name + " was made for version " +
                                           std::to_string(library.version) + " of kernels/library.hpp, wanted " +
                                           std::to_string(library_version) + ": build it from the same hairline"};
}

/// A library's CPU kernels at the level that level() says.
inline Backend cpu_backend(const Library& library) {
  if (auto error = version_error(library)) return {&library, KernelTarget::x86_64, false, std::move(error)};
  auto chosen = level();
  if (!chosen) return {&library, KernelTarget::x86_64, false, chosen.error()};
  return {&library, static_cast<KernelTarget>(*chosen), false, std::nullopt};
}

/// A library's CPU kernels at a chosen level.
inline Backend cpu_backend(const Library& library, CpuLevel wanted) {
  Backend backend{&library, static_cast<KernelTarget>(wanted), false, version_error(library)};
  if (!backend.error && wanted > machine_level())
    backend.error = Error{ErrorCode::unsupported,
                          std::string("this machine has no ") + name(wanted) + ", at most " + name(machine_level())};
  return backend;
}

/// A library's bfloat16 kernels (hairline::kernels_..._bf16): weights and what lies between layers are bfloat16, sums
/// float. Error: a machine without such instructions; nothing is emulated.
inline Backend bf16_backend(const Library& library) {
  Backend backend{&library, KernelTarget::avx512_bf16, false, version_error(library)};
  if (backend.error) return backend;
  if (auto chosen = level(); !chosen)
    backend.error = chosen.error();
  else if (*chosen < CpuLevel::avx512 || !machine_has_bf16())
    backend.error = Error{ErrorCode::unsupported,
                          std::string("bfloat16 kernels need AVX512-BF16, which ") +
                              (machine_has_bf16() ? "HAIRLINE_CPU_LEVEL rules out" : "this machine does not have")};
  return backend;
}

constexpr const char* name(KernelTarget target) {
  switch (target) {
    case KernelTarget::x86_64:
      return "x86-64";
    case KernelTarget::avx2:
      return "avx2";
    case KernelTarget::avx512:
      return "avx512";
    case KernelTarget::avx512_bf16:
      return "avx512_bf16";
    case KernelTarget::opencl:
      return "opencl";
    case KernelTarget::cuda:
      return "cuda";
  }
  return "?";
}

}  // namespace hairline::kernels
