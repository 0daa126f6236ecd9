#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hairline/kernels/backend.hpp"
#include "hairline/kernels/lowered.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

/// What --device says: cpu, opencl[:N] or cuda[:N].
struct DeviceChoice {
  std::string api = "cpu";
  int ordinal = 0;
  bool cpu() const { return api == "cpu"; }
  std::string text() const { return cpu() ? api : api + ":" + std::to_string(ordinal); }
};

/// Throws WrongUse for what is no device's name.
DeviceChoice parse_device(const std::string& text);

/// For what only a processor computes: throws NotAvailable for another device; nothing falls back.
void want_cpu(const std::string& device, const std::string& whose);

/// What the drivers of this machine list, a line each: "opencl:0 NAME (PLATFORM)". Asked in a child process, for a
/// driver that does not find what it expects of the machine may end the process that asks (PoCL does where /sys is
/// missing).
struct DeviceListing {
  std::vector<std::string> lines;
  bool whole = false;  ///< no driver failed
};
DeviceListing list_devices();

/// A device's kernels of all networks, opened from their file, and its name.
struct OpenDevice {
  kernels::Backend backend;
  std::string name;
};

/// Throws NotAvailable if the machine has no such device (what there is is listed) or this build no kernels for it.
OpenDevice open_device(const DeviceChoice& choice, kernels::Precision precision);

}  // namespace hairline::tool
