// hairline info: what this build is and what it can use here.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "batch.hpp"
#include "exit_code.hpp"
#include "kernel_info.hpp"
#include "methods/method.hpp"
#include "verbs.hpp"

namespace hairline::tool {

namespace {

std::string compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

Json info_json() {
  Json json = json_head("info");
  json["compiler"] = compiler();
  json["threads"] = std::thread::hardware_concurrency();
  json["kernels"] = kernel_info();
  Json all = Json::array();
  for (const Method& m : methods())
    all.push_back({{"name", m.name},
                   {"long_name", m.long_name},
                   {"input", m.takes_plate ? "background" : "trimap"},
                   {"about", m.about}});
  json["methods"] = std::move(all);
  json["formats"] = {{"read", {"PNG 1-16 bit", "JPEG", "BMP", "TGA", "EXR half and float"}},
                     {"write", {"PNG 8 and 16 bit", "EXR half"}}};
  return json;
}

std::string joined(const Json& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + item.get<std::string>();
  return text.empty() ? "none" : text;
}

void print_info(const Json& json) {
  std::printf("hairline %s\ncompiler  %s\nthreads   %u\n", json["version"].get<std::string>().c_str(),
              json["compiler"].get<std::string>().c_str(), json["threads"].get<unsigned>());
  const Json& k = json["kernels"];
  if (k["built"].get<bool>()) {
    std::printf("kernels   %s, compiled by Halide %s\n", k["library"].get<std::string>().c_str(),
                k["halide"].get<std::string>().c_str());
  } else {
    std::printf("kernels   not built in (HAIRLINE_KERNELS=off)\n");
  }
  const auto level = [&](const std::string& which) {
    return k[k[which].is_null() ? which + "_error" : which].get<std::string>();
  };
  std::printf("CPU level %s\nbfloat16  %s\ndevices   %s\n", level("level").c_str(), level("bf16_level").c_str(),
              joined(k["devices"]).c_str());
  std::printf("read      %s\nwrite     %s\nmethods\n", joined(json["formats"]["read"]).c_str(),
              joined(json["formats"]["write"]).c_str());
  for (const auto& m : json["methods"])
    std::printf("  %-17s  %s\n", m["name"].get<std::string>().c_str(), m["about"].get<std::string>().c_str());
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  auto o = std::make_shared<CommonOptions>();
  CLI::App& verb = *app.add_subcommand("info", "Version, compiled kernels, devices, methods and formats");
  add_common_options(verb, *o);
  verb.footer("Examples:\n  hairline info\n  hairline info --json");
  verb.callback([o, &action] {
    action = [o] {
      const Json json = info_json();
      if (!o->quiet && o->json != "-") print_info(json);
      write_json(json, *o);
      return static_cast<int>(exit_done);
    };
  });
}

}  // namespace hairline::tool
