// hairline net: the networks, their layers, parameters and costs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "batch.hpp"
#include "exit_code.hpp"
#include "hairline/nets/cost.hpp"
#include "hairline/nets/description.hpp"
#include "networks.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct Options {
  CommonOptions common;
  std::string net, size = "1920x1080";
  double backbone_scale = 0.25;
  int sample_pixels = 80000;
};

struct Size {
  int width = 0, height = 0;
};

Size parse_size(const std::string& text) {
  Size s;
  char end = 0;
  if (std::sscanf(text.c_str(), "%dx%d%c", &s.width, &s.height, &end) != 2 || s.width < 1 || s.height < 1 ||
      s.width > 65536 || s.height > 65536)
    throw WrongUse{"wanted --size WIDTHxHEIGHT such as 1920x1080, given '" + text + "'"};
  return s;
}

int list(const CommonOptions& common) {
  Json json = json_head("net list");
  json["networks"] = Json::array();
  for (const Network& n : networks()) {
    json["networks"].push_back({{"name", std::string(n.name)},
                                {"about", std::string(n.about)},
                                {"parameters", parameter_count(n.graph)},
                                {"tensors", tensor_count(n.graph)}});
    if (!common.quiet && common.json != "-")
      std::printf("%-24s %11zu parameters  %s\n", std::string(n.name).c_str(), parameter_count(n.graph),
                  std::string(n.about).c_str());
  }
  write_json(json, common);
  return exit_done;
}

std::string shape_text(const TensorShape& s) {
  return (s.batch == 1 ? "" : std::to_string(s.batch) + " x ") + std::to_string(s.height) + "x" +
         std::to_string(s.width) + "x" + std::to_string(s.channels);
}

void print_layers(const Graph& graph, const std::vector<TensorShape>& all, const std::vector<Cost>& costs) {
  std::printf("%5s  %-38s %-22s %-22s %12s %9s\n", "node", "name", "operation", "result", "parameters", "GMac");
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::size_t trained = 0;
    if (node.op->parameters) {
      const ParameterList own = node.op->parameters(node);
      for (int k = 0; k < own.count; ++k)
        if (own.items[static_cast<std::size_t>(k)].trained) trained += own.items[static_cast<std::size_t>(k)].size();
    }
    const std::string parameters = trained == 0 ? "" : std::to_string(trained);
    char multiply_adds[32] = "";
    if (costs[i].multiply_adds > 0)
      std::snprintf(multiply_adds, sizeof multiply_adds, "%.4f", costs[i].multiply_adds / 1e9);
    std::printf("%5zu  %-38s %-22s %-22s %12s %9s\n", i, std::string(node.name.view()).c_str(),
                std::string(node.op->name).c_str(), shape_text(all[i]).c_str(), parameters.c_str(), multiply_adds);
  }
}

int show(const Options& o) {
  const Network& network = wanted_network(o.net);
  const Size size = parse_size(o.size);
  RunOptions options;
  options.set("backbone_scale", o.backbone_scale);
  options.set("refine_sample_pixels", o.sample_pixels);
  const std::vector<TensorShape> all = shapes(network.graph, size.height, size.width, options);
  const std::vector<Cost> costs = node_costs(network.graph, all);
  const NetworkCost total = network_cost(network.graph, all);
  Json json = json_head("net show");
  const Json description = describe(network.graph);
  for (const auto& [key, value] : description.items()) json[key] = value;
  json["name"] = std::string(network.name);
  json["size"] = {{"width", size.width}, {"height", size.height}};
  json["multiply_adds"] = total.total.multiply_adds;
  json["activation_peak_bytes"] = total.activation_peak;
  for (std::size_t i = 0; i < all.size(); ++i) {
    json["nodes"][i]["shape"] = {all[i].batch, all[i].height, all[i].width, all[i].channels};
    json["nodes"][i]["multiply_adds"] = costs[i].multiply_adds;
  }
  if (!o.common.quiet && o.common.json != "-") {
    print_layers(network.graph, all, costs);
    std::printf("%s at %dx%d: %zu parameters in %zu tensors, %.2f GMac, %.0f MB of activations at once\n",
                std::string(network.name).c_str(), size.width, size.height, parameter_count(network.graph),
                tensor_count(network.graph), total.total.multiply_adds / 1e9, total.activation_peak / 1e6);
  }
  write_json(json, o.common);
  return exit_done;
}

}  // namespace

void add_net(CLI::App& app, Action& action) {
  CLI::App& verb = *app.add_subcommand("net", "The networks: layers, shapes, parameters, cost");
  verb.require_subcommand(1);
  auto o = std::make_shared<Options>();
  CLI::App& list_verb = *verb.add_subcommand("list", "The networks that there are");
  add_common_options(list_verb, o->common);
  list_verb.callback([o, &action] { action = [o] { return list(o->common); }; });
  CLI::App& show_verb = *verb.add_subcommand("show", "One network's layers");
  show_verb.add_option("NET", o->net, "Its name, as `hairline net list` gives it")->required();
  show_verb.add_option("--size", o->size, "Picture size, WIDTHxHEIGHT (1920x1080)");
  show_verb.add_option("--backbone-scale", o->backbone_scale, "Size of the coarse stage (0.25)")
      ->check(CLI::Range(1e-3, 1.0));
  show_verb.add_option("--refine-sample-pixels", o->sample_pixels, "Pixels to refine (80000)")
      ->check(CLI::Range(0, 1 << 30));
  add_common_options(show_verb, o->common);
  show_verb.footer(
      "Examples:\n  hairline net show bgmv2-mobilenetv2 --size 3840x2160 --backbone-scale 0.125\n"
      "  hairline net show bgmv2-resnet50 --json=bgmv2.json");
  show_verb.callback([o, &action] { action = [o] { return show(*o); }; });
}

}  // namespace hairline::tool
