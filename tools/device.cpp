#include "device.hpp"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "hairline/kernels/device_backend.hpp"

namespace hairline::tool {

DeviceChoice parse_device(const std::string& text) {
  const std::size_t colon = text.find(':');
  DeviceChoice choice{text.substr(0, colon), 0};
  const bool known = choice.api == "cpu" || choice.api == "opencl" || choice.api == "cuda";
  const std::string number = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool good = colon == std::string::npos || (!choice.cpu() && !number.empty() && number.size() < 5 &&
                                                   number.find_first_not_of("0123456789") == std::string::npos);
  if (!known || !good) throw WrongUse{"unknown device '" + text + "', wanted cpu, opencl, opencl:N, cuda or cuda:N"};
  if (!number.empty()) choice.ordinal = std::atoi(number.c_str());
  return choice;
}

void want_cpu(const std::string& device, const std::string& whose) {
  if (!parse_device(device).cpu())
    throw NotAvailable{"device '" + device + "' is not available for " + whose + ", wanted one of: cpu"};
}

DeviceListing list_devices() {
  DeviceListing listing;
  int ends[2];
  if (pipe(ends) != 0) return listing;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(2);
    std::string lines;
    for (const auto& d : kernels::devices())
      lines += d.api + ":" + std::to_string(d.ordinal) + " " + d.name + " (" + d.platform + ")\n";
    std::size_t written = 0;
    while (written < lines.size()) {
      const ssize_t n = write(ends[1], lines.data() + written, lines.size() - written);
      if (n <= 0) _exit(2);
      written += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string all;
  char part[4096];
  for (ssize_t n = 0; child > 0 && (n = read(ends[0], part, sizeof part)) > 0;)
    all.append(part, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  listing.whole = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  for (std::size_t at = 0, end = 0; (end = all.find('\n', at)) != std::string::npos; at = end + 1)
    listing.lines.push_back(all.substr(at, end - at));
  return listing;
}

namespace {

// Where HAIRLINE_DEVICE_KERNELS says, beside the command, where it is installed, or where the loader looks.
void* open_file(const std::string& file) {
  if (const char* folder = std::getenv("HAIRLINE_DEVICE_KERNELS"); folder != nullptr && *folder != '\0')
    return dlopen((std::filesystem::path(folder) / file).c_str(), RTLD_NOW | RTLD_LOCAL);
  std::error_code ignored;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& place : {here / file, here / HAIRLINE_INSTALLED_KERNELS / file, std::filesystem::path(file)})
    if (void* handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL))
      return handle;  // stays open: drivers start threads
  return nullptr;
}

std::string name_of(const DeviceChoice& choice) {
  const DeviceListing found = list_devices();
  std::string all;
  for (const std::string& line : found.lines) {
    if (line.starts_with(choice.text() + " ")) return line.substr(choice.text().size() + 1);
    all += (all.empty() ? "" : ", ") + line;
  }
  if (!found.whole) throw NotAvailable{"a device driver failed while it was asked for its devices"};
  throw NotAvailable{"no device " + choice.text() + "; found " +
                     (all.empty() ? "no OpenCL or CUDA device on this machine" : all)};
}

}  // namespace

OpenDevice open_device(const DeviceChoice& choice, kernels::Precision precision) {
  OpenDevice device;
  device.name = name_of(choice);
  const std::string file = "hairline_" + choice.api + ".so", symbol = "hairline_kernels_networks_" + choice.api;
  void* const opened = open_file(file);
  const auto* library =
      opened == nullptr ? nullptr : static_cast<const kernels::Library*>(dlsym(opened, symbol.c_str()));
  if (library == nullptr)
    throw NotAvailable{"this build holds no kernels for " + choice.api + ": there is no " + file +
                       " beside the command (built by the target hairline_" + choice.api + ")"};
  device.backend = choice.api == "cuda" ? kernels::cuda_backend(*library, choice.ordinal, precision)
                                        : kernels::opencl_backend(*library, choice.ordinal, precision);
  if (device.backend.error) throw NotAvailable{device.backend.error->message};
  return device;
}

}  // namespace hairline::tool
