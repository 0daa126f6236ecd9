// hairline weights: what is in a weights file, whether it fits a network, and conversion to safetensors.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch.hpp"
#include "device.hpp"
#include "exit_code.hpp"
#include "hairline/kernels/load_network.hpp"
#include "hairline/kernels/packed_file.hpp"
#include "hairline/layers/patches.hpp"
#include "hairline/weights/convert.hpp"
#include "hairline/weights/load.hpp"
#include "hairline/weights/seeded.hpp"
#include "job_error.hpp"
#include "network_kernels.hpp"
#include "networks.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct Options {
  CommonOptions common;
  std::string file, out, net, type = "keep", precision = "f32";
  double allowed_rounding = 0;
  std::uint64_t seed = 0;
  bool prints() const { return !common.quiet && common.json != "-"; }
};

const char* const footer =
    "Formats: safetensors, PyTorch (state dict, a dict that holds one, TorchScript), ONNX; the content decides.\n"
    "Without --net the network that fits is found. Exit code 3: no such file; 1: it cannot be read; 4: it does not\n"
    "fit, or does not pass its self-test.\n"
    "Examples:\n"
    "  hairline weights list pytorch_mobilenetv2.pth\n"
    "  hairline weights check pytorch_resnet50.pth --net bgmv2-resnet50\n"
    "  hairline weights convert pytorch_mobilenetv2.pth mobilenetv2.safetensors --type f16\n"
    "  hairline weights pack mobilenetv2.safetensors mobilenetv2_avx512.safetensors\n"
    "  hairline weights seed bgmv2-mobilenetv2 made_up.safetensors";

/// Ends the verb with exit code 4 after its JSON is written.
int not_verified(Json& json, const Options& o, const std::string& text) {
  print_error(text);
  json["status"] = "failed";
  json["error"] = text;
  write_json(json, o.common);
  return exit_not_verified;
}

TensorStore read(const std::string& file) {
  auto store = read_weights(file);
  if (store) return std::move(*store);
  if (store.error().code == ErrorCode::not_found) throw NotAvailable{store.error().message};
  throw JobError(file, store.error().message);
}

std::size_t faults(const FitReport& r) { return r.missing.size() + r.unexpected.size() + r.misshaped.size(); }

/// The network that is asked for, or the one that the file fits best.
const Network& network_of(const TensorStore& store, const std::string& name) {
  if (!name.empty()) return wanted_network(name);
  const auto worse = [&](const Network& a, const Network& b) {
    return faults(compare_weights(a.graph, store)) < faults(compare_weights(b.graph, store));
  };
  const auto all = networks();
  return *std::min_element(all.begin(), all.end(), worse);
}

std::size_t numbers_in(const StoredTensor& t) { return t.bytes.size() / size_of(t.type); }

Json self_test_json(const SelfTest& test) {
  Json json{{"network", test.network}, {"tolerance", test.tolerance}, {"reason", test.reason}};
  for (const auto& [name, value] : test.options) json["options"][name] = value;
  for (const auto& [name, t] : test.inputs)
    json["inputs"][name] = {t.shape.batch, t.shape.channels, t.shape.height, t.shape.width};
  for (const auto& [name, t] : test.expected) json["varied"][name] = varied_share(t);
  return json;
}

void file_json(Json& json, const TensorStore& store) {
  json["file"] = store.path;
  json["format"] = store.format;
  if (!store.metadata.empty()) json["metadata"] = store.metadata;
}

int list(const Options& o) {
  const TensorStore store = read(o.file);
  const auto test = take(read_self_test(store), o.file);
  Json json = json_head("weights list");
  file_json(json, store);
  json["tensors"] = Json::array();
  std::size_t tensors = 0, numbers = 0, bytes = 0;
  std::map<std::string, std::size_t> types;
  for (const auto& [name, t] : store.tensors) {
    if (name.starts_with(self_test_prefix)) continue;
    const std::string type(hairline::name(t.type));
    json["tensors"].push_back({{"name", name}, {"type", type}, {"shape", t.dims}});
    ++tensors;
    numbers += numbers_in(t);
    bytes += t.bytes.size();
    types[type] += numbers_in(t);
    if (o.prints()) std::printf("%-58s %-5s %s\n", name.c_str(), type.c_str(), detail::shape_text(t.dims).c_str());
  }
  json["total"] = {{"tensors", tensors}, {"numbers", numbers}, {"bytes", bytes}, {"numbers_by_type", types}};
  if (test) json["self_test"] = self_test_json(*test);
  if (o.prints()) {
    std::string kinds;
    for (const auto& [type, count] : types) kinds += (kinds.empty() ? "" : ", ") + std::to_string(count) + " " + type;
    std::printf("%s: %s, %zu tensors, %zu numbers (%s), %zu bytes\n", o.file.c_str(), store.format.c_str(), tensors,
                numbers, kinds.c_str(), bytes);
    for (const auto& [key, value] : store.metadata) std::printf("  %s: %s\n", key.c_str(), value.c_str());
  }
  write_json(json, o.common);
  return exit_done;
}

std::string misfit_text(const TensorStore& store, const Network& network, const FitReport& report, bool asked) {
  return store.path + ": these weights " +
         (asked ? "do not fit " + std::string(network.name)
                : "fit no network; the closest is " + std::string(network.name)) +
         " (" + std::to_string(report.missing.size()) + " missing, " + std::to_string(report.unexpected.size()) +
         " unexpected, " + std::to_string(report.misshaped.size()) + " mis-shaped)";
}

/// Compares; fills in the JSON and prints every fault. False: it does not fit.
bool fits(const TensorStore& store, const Network& network, const Options& o, Json& json, std::string& text) {
  if (is_packed(store)) {
    text = misfit(network.graph, store, {}).message;
    return false;
  }
  const FitReport report = compare_weights(network.graph, store);
  json["network"] = std::string(network.name);
  json["fits"] = report.fits();
  if (!report.prefix.empty()) json["prefix_taken_off"] = report.prefix;
  json["missing"] = report.missing;
  json["unexpected"] = report.unexpected;
  json["misshaped"] = report.misshaped;
  if (report.fits()) return true;
  text = misfit_text(store, network, report, !o.net.empty());
  if (o.prints()) std::printf("%s\n", to_string(report).substr(1).c_str());
  return false;
}

int check(const Options& o) {
  Stopwatch watch;
  const TensorStore store = read(o.file);
  Json json = json_head("weights check");
  file_json(json, store);
  json["timings_ms"]["read"] = watch.lap_ms();
  const Network& network = network_of(store, o.net);
  std::string text;
  if (!fits(store, network, o, json, text)) return not_verified(json, o, text);
  const Weights weights = take(fit_weights(network.graph, store), o.file);
  json["timings_ms"]["fit"] = watch.lap_ms();
  const auto test = take(read_self_test(store), o.file);
  std::string tested = "no self-test in it";
  if (test) {
    json["self_test"] = self_test_json(*test);
    if (test->network != network.graph.name)
      return not_verified(json, o, o.file + ": its self-test is for another network, '" + test->network + "'");
    if (const auto passed = pass_self_test(network.graph, weights, store); !passed)
      return not_verified(json, o, passed.error().message);
    const SelfTestReport report = take(run_self_test(network.graph, weights, *test), o.file);
    json["self_test"]["differences"] = report.differences;
    json["self_test"]["passed"] = true;
    json["timings_ms"]["self_test"] = watch.lap_ms();
    char numbers[80];
    std::snprintf(numbers, sizeof numbers, "self-test passed (largest difference %.2g of %.2g)", report.largest,
                  test->tolerance);
    tested = numbers;
  }
  json["status"] = "done";
  if (o.prints())
    std::printf("%s: %s, %zu numbers, fits %s%s; %s\n", o.file.c_str(), store.format.c_str(),
                parameter_count(network.graph), std::string(network.name).c_str(),
                json.contains("prefix_taken_off")
                    ? (" without '" + json["prefix_taken_off"].get<std::string>() + "'").c_str()
                    : "",
                tested.c_str());
  write_json(json, o.common);
  return exit_done;
}

/// A small run that uses every tensor: all cells refined, so that no choice hangs on the last bit.
SelfTestOptions self_test_options(const Network& network) {
  SelfTestOptions options;
  const bool refines = std::any_of(network.graph.nodes.begin(), network.graph.nodes.end(),
                                   [](const Node& n) { return n.op == &select_cells_op; });
  if (refines) {
    options.run.set("backbone_scale", 0.5);
    options.run.set("refine_mode", static_cast<int>(RefineMode::full));
  } else {
    options.height = options.width = 32;
  }
  return options;
}

StoreAs store_as(const std::string& type) {
  return type == "f32" ? StoreAs::f32 : type == "f16" ? StoreAs::f16 : type == "bf16" ? StoreAs::bf16 : StoreAs::keep;
}

void check_output(const Options& o) {
  if (o.out != "-" && !o.out.ends_with(".safetensors"))
    throw WrongUse{"wanted a name ending in .safetensors (or -) to write to, given '" + o.out + "'"};
  if (o.out == "-" && o.common.json == "-") throw WrongUse{"standard output can take the weights or --json, not both"};
}

int write_converted(const Network& network, const TensorStore& store, const Options& o, Json& json, Stopwatch& watch) {
  StagedOutputs outputs;
  const std::string temporary = outputs.add(o.out);
  ConvertOptions options{store_as(o.type), self_test_options(network), o.allowed_rounding};
  auto conversion = convert_weights(network.graph, store, options);
  if (!conversion) return not_verified(json, o, conversion.error().message);
  json["timings_ms"]["convert"] = watch.lap_ms();
  const auto* bytes = reinterpret_cast<const char*>(conversion->file.data());
  write_text(temporary, o.out, std::string_view(bytes, conversion->file.size()));
  outputs.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["output"] = o.out;
  json["type"] = o.type;
  json["tensors"] = conversion->tensors;
  json["bytes"] = conversion->file.size();
  json["rounding"] = {{"differences", conversion->rounding.differences},
                      {"largest", conversion->rounding.largest},
                      {"allowed", conversion->rounding_allowed}};
  json["self_test"] = self_test_json(conversion->self_test);
  json["status"] = "done";
  if (o.prints() && o.out != "-") {
    std::printf("%s: %zu tensors of %s, %zu bytes, with a self-test\n", o.out.c_str(), conversion->tensors,
                std::string(network.name).c_str(), conversion->file.size());
    if (conversion->rounding.largest > 0)
      std::printf("  rounding to %s moves its results by up to %.2g of their range ('%s'); %.2g is explained\n",
                  o.type.c_str(), conversion->rounding.largest, conversion->rounding.worst.c_str(),
                  conversion->rounding_allowed);
  }
  write_json(json, o.common);
  return exit_done;
}

int convert(const Options& o) {
  check_output(o);
  Stopwatch watch;
  const TensorStore store = read(o.file);
  Json json = json_head("weights convert");
  file_json(json, store);
  json["timings_ms"]["read"] = watch.lap_ms();
  const Network& network = network_of(store, o.net);
  std::string text;
  if (!fits(store, network, o, json, text)) return not_verified(json, o, text);
  return write_converted(network, store, o, json, watch);
}

/// Weights that nobody trained: for timings and for trying the way, where no checkpoint is at hand.
int seed(const Options& o) {
  check_output(o);
  Stopwatch watch;
  const Network& network = wanted_network(o.net);
  const Weights weights = seeded_weights(network.graph, o.seed);
  TensorStore store;
  store.path = "made-up weights of " + std::string(network.name);
  store.format = "made up";
  for (const auto& [name, tensor] : weights.tensors)
    store.tensors[name] = {NumberType::f32, std::vector<std::int64_t>(tensor.dims.begin(), tensor.dims.end()),
                           std::as_bytes(std::span(tensor.values))};
  Json json = json_head("weights seed");
  json["net"] = network.name;
  json["seed"] = o.seed;
  json["timings_ms"]["make"] = watch.lap_ms();
  return write_converted(network, store, o, json, watch);
}

/// As one machine's kernels want them: for a quick start, and to be shared by processes.
int pack(const Options& o) {
  check_output(o);
  Stopwatch watch;
  const Network& network = o.net.empty() ? network_of(read(o.file), o.net) : wanted_network(o.net);
  const OpenDevice on = kernel_backend(parse_device("cpu"), network.name, precision_named(o.precision));
  const auto packed = kernels::load_network(network.graph, o.file, on.backend);
  if (!packed && packed.error().code == ErrorCode::not_found) throw NotAvailable{packed.error().message};
  if (!packed) throw JobError(o.file, packed.error().message);
  const auto bytes = take(kernels::encode_packed(**packed), o.file);
  Json json = json_head("weights pack");
  json["file"] = o.file;
  json["network"] = network.name;
  json["target"] = on.name;
  json["precision"] = o.precision;
  json["timings_ms"]["pack"] = watch.lap_ms();
  StagedOutputs outputs;
  const std::string temporary = outputs.add(o.out);
  write_text(temporary, o.out, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  outputs.commit();
  json["timings_ms"]["write"] = watch.lap_ms();
  json["output"] = o.out;
  json["bytes"] = bytes.size();
  json["status"] = "done";
  if (o.prints() && o.out != "-")
    std::printf("%s: %s packed for %s, %zu bytes\n", o.out.c_str(), std::string(network.name).c_str(), on.name.c_str(),
                bytes.size());
  write_json(json, o.common);
  return exit_done;
}

void add_part(CLI::App& verb, Action& action, const char* name, const char* about, int (*run)(const Options&)) {
  auto o = std::make_shared<Options>();
  CLI::App& part = *verb.add_subcommand(name, about);
  if (run == seed)
    part.add_option("NET", o->net, "The network, as `hairline net list` gives it")->required();
  else
    part.add_option("FILE", o->file, "A weights file")->required();
  const bool writes = run == convert || run == seed || run == pack;
  if (writes) part.add_option("OUT", o->out, "Where to write, NAME.safetensors or -")->required();
  if (run == seed) part.add_option("--seed", o->seed, "Which made-up weights (0)");
  if (run == check || run == convert || run == pack)
    part.add_option("--net", o->net, "The network, as `hairline net list` gives it; without, the one that fits");
  if (run == pack)
    part.add_option("--precision", o->precision, "For f32 or bf16 kernels (f32)")
        ->check(CLI::IsMember({"f32", "bf16"}));
  if (run == convert || run == seed) {
    part.add_option("--type", o->type, "How to store convolutions: keep, f32, f16, bf16 (keep)")
        ->check(CLI::IsMember({"keep", "f32", "f16", "bf16"}));
    part.add_option("--allow-rounding", o->allowed_rounding,
                    "How far rounding may move a result, of its range (what the type's precision explains)")
        ->check(CLI::Range(0.0, 1.0));
  }
  add_common_options(part, o->common);
  part.footer(footer);
  part.callback([o, run, &action] { action = [o, run] { return run(*o); }; });
}

}  // namespace

void add_weights(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("weights", "Weights files: what is in them, whether they fit, conversion");
  verb.require_subcommand(1);
  verb.footer(footer);
  add_part(verb, action, "list", "Every tensor's name, type and shape", list);
  add_part(verb, action, "check", "Whether the file fits a network and passes its self-test", check);
  add_part(verb, action, "convert", "Write safetensors with the published names and a self-test", convert);
  add_part(verb, action, "pack", "Write what this machine's compiled kernels read, for a quick start", pack);
  add_part(verb, action, "seed", "Write made-up weights, for timings without a checkpoint; they matte nothing", seed);
}

}  // namespace hairline::tool
