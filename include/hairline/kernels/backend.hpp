#pragma once
#include <cstdlib>
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
  Precision precision() const {
    const bool narrow = target == KernelTarget::avx512_bf16 || target == KernelTarget::avx512_amx;
    return narrow ? Precision::bf16 : numbers;
  }
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
    case KernelTarget::avx512_amx:
      return "avx512_amx";
    case KernelTarget::opencl:
      return "opencl";
    case KernelTarget::cuda:
      return "cuda";
  }
  return "?";
}

/// Which of the bfloat16 kernels this machine runs: those with AMX tiles where it has them and lets the process use
/// them, or what the environment variable HAIRLINE_BF16_LEVEL names (avx512_bf16, avx512_amx).
/// Errors: a machine without bfloat16 instructions; HAIRLINE_CPU_LEVEL below avx512; a variable that names neither, or
/// what the machine lacks. Nothing is emulated.
inline Result<KernelTarget> bf16_target() {
  auto chosen = level();
  if (!chosen) return chosen.error();
  if (*chosen < CpuLevel::avx512 || !machine_has_bf16())
    return Error{ErrorCode::unsupported,
                 std::string("bfloat16 kernels need AVX512-BF16, which ") +
                     (machine_has_bf16() ? "HAIRLINE_CPU_LEVEL rules out" : "this machine does not have")};
  const char* text = std::getenv("HAIRLINE_BF16_LEVEL");
  const std::string wanted = text == nullptr ? "" : text;
  if (wanted == name(KernelTarget::avx512_bf16)) return KernelTarget::avx512_bf16;
  if (!wanted.empty() && wanted != name(KernelTarget::avx512_amx))
    return Error{ErrorCode::invalid_argument,
                 "HAIRLINE_BF16_LEVEL: wanted avx512_bf16 or avx512_amx, given '" + wanted + "'"};
  if (machine_has_amx()) return KernelTarget::avx512_amx;
  if (!wanted.empty())
    return Error{ErrorCode::unsupported,
                 std::string("HAIRLINE_BF16_LEVEL wants avx512_amx, but this ") +
                     (has_amx(read_cpuid()) ? "process is not allowed to use AMX tiles" : "machine has no AMX tiles")};
  return KernelTarget::avx512_bf16;
}

/// A library's bfloat16 kernels (hairline::kernels_..._bf16) at what bf16_target() says: weights and what lies between
/// layers are bfloat16, sums float. Errors: as bf16_target.
inline Backend bf16_backend(const Library& library) {
  Backend backend{&library, KernelTarget::avx512_bf16, false, version_error(library)};
  if (backend.error) return backend;
  if (auto chosen = bf16_target())
    backend.target = *chosen;
  else
    backend.error = chosen.error();
  return backend;
}

}  // namespace hairline::kernels
