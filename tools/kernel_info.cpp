#include "kernel_info.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "hairline/kernels/cpu_level.hpp"
#include "hairline/kernels/devices.hpp"

#ifdef HAIRLINE_WITH_KERNELS
#include "hairline/kernels/image_ops.hpp"
#endif

namespace hairline::tool {

namespace {

// What the drivers list, a line each. Asked in a child process, for a driver that does not find what it expects of the
// machine may end the process that asks (PoCL does where /sys is missing).
struct Listing {
  std::string lines;
  bool whole = false;
};

Listing list_devices() {
  Listing listing;
  int ends[2];
  if (pipe(ends) != 0) return listing;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(2);
    std::string lines;
    for (const auto& d : kernels::devices()) lines += d.api + ": " + d.name + " (" + d.platform + ")\n";
    std::size_t written = 0;
    while (written < lines.size()) {
      const ssize_t n = write(ends[1], lines.data() + written, lines.size() - written);
      if (n <= 0) _exit(2);
      written += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  char part[4096];
  for (ssize_t n = 0; child > 0 && (n = read(ends[0], part, sizeof part)) > 0;)
    listing.lines.append(part, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  listing.whole = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return listing;
}

}  // namespace

Json kernel_info() {
  Json json;
#ifdef HAIRLINE_WITH_KERNELS
  json["built"] = true;
  json["halide"] = hairline_kernels_image_ops.halide;
  json["library"] = hairline_kernels_image_ops.name;
#else
  json["built"] = false;
  json["halide"] = nullptr;
  json["library"] = nullptr;
#endif
  const auto level = kernels::level();
  json["level"] = level ? Json(kernels::name(*level)) : Json(nullptr);
  if (!level) json["level_error"] = level.error().message;
  Json devices = Json::array({"cpu"});
  const Listing listing = list_devices();
  for (std::size_t at = 0, end = 0; (end = listing.lines.find('\n', at)) != std::string::npos; at = end + 1)
    devices.push_back(listing.lines.substr(at, end - at));
  json["devices"] = std::move(devices);
  if (!listing.whole) json["device_error"] = "a device driver failed while it was asked for its devices";
  return json;
}

}  // namespace hairline::tool
