// hairline matte with networks: the built command against the header's own results, bit for bit after rounding.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "hairline/composite/islands.hpp"
#include "hairline/composite/pits.hpp"
#include "hairline/core/convert.hpp"
#include "hairline/io/png.hpp"
#include "hairline/io/read.hpp"
#include "hairline/nets/background_matting_v2.hpp"
#include "hairline/nets/pictures.hpp"
#include "hairline/nets/reference.hpp"
#include "hairline/nets/slim_matting.hpp"
#include "hairline/solvers/weigh_colours.hpp"
#include "hairline/weights/seeded.hpp"
#include "tests/support/catch.hpp"

using namespace hairline;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {
using Whole = BackgroundMattingV2<MobileNetV2>;

struct Ran {
  int code = 0;
  std::string out, err;
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A folder of its own for each case, with a picture, a plate and seeded weights.
class Place {
 public:
  explicit Place(int height = 45, int width = 61) : height_(height), width_(width) {
    std::string name = (fs::temp_directory_path() / "hairline_network_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    write_picture("p.png", "picture");
    write_picture("b.png", "plate");
  }
  ~Place() { fs::remove_all(folder); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  fs::path folder;

  void write_picture(const std::string& file, const std::string& seed) const {
    Image<float> image(Shape{height_, width_, 3});
    const auto u = seeded_uniform(seed, image.size());
    std::transform(u.begin(), u.end(), image.begin(), [](double v) { return static_cast<float>(v); });
    io::write_png((folder / file).string(), image).value();
  }

  // Safetensors: header length, header, tensors.
  void write_weights(const std::string& file, const Graph& graph, const std::string& without = "?",
                     std::uint64_t seed = 3) const {
    const Weights weights = seeded_weights(graph, seed);
    Json header = Json::object();
    std::size_t offset = 0;
    for (const auto& [name, tensor] : weights.tensors) {
      if (name.starts_with(without)) continue;
      const std::size_t bytes = tensor.values.size() * sizeof(float);
      header[name] = {{"dtype", "F32"}, {"shape", tensor.dims}, {"data_offsets", {offset, offset + bytes}}};
      offset += bytes;
    }
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::ofstream out(folder / file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out << text;
    for (const auto& [name, tensor] : weights.tensors)
      if (!name.starts_with(without))
        out.write(reinterpret_cast<const char*>(tensor.values.data()),
                  static_cast<std::streamsize>(tensor.values.size() * sizeof(float)));
  }

  Ran run(const std::string& arguments, const std::string& verb = "matte") const {
    const std::string line = "cd '" + folder.string() + "' && '" HAIRLINE_TOOL "' " + verb + " " + arguments +
                             " > stdout.txt 2> stderr.txt < /dev/null";
    const int status = std::system(line.c_str());
    REQUIRE(WIFEXITED(status));
    Ran ran{WEXITSTATUS(status), contents(folder / "stdout.txt"), contents(folder / "stderr.txt")};
    fs::remove(folder / "stdout.txt");
    fs::remove(folder / "stderr.txt");
    return ran;
  }
  Json json(const std::string& arguments) const {
    const Ran ran = run(arguments + " --json");
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    return Json::parse(ran.out);
  }

  Image<float> read(const std::string& file) const { return io::read((folder / file).string()).value().pixels; }
  std::vector<Tensor> inputs() const { return {to_tensor(read("p.png")), to_tensor(read("b.png"))}; }

  void same(const std::string& file, const Tensor& wanted) const {
    INFO(file);
    const auto given = convert<std::uint16_t>(read(file)), expected = convert<std::uint16_t>(to_image(wanted));
    REQUIRE(given.shape() == expected.shape());
    CHECK(std::equal(given.begin(), given.end(), expected.begin()));
  }

  // One report that begins as every other, and nothing written.
  void refused(const std::string& arguments, int code, const std::vector<std::string>& parts) const {
    INFO(arguments);
    const auto files = [&] { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); };
    const auto before = files();
    const Ran ran = run(arguments);
    INFO(ran.err);
    CHECK(ran.code == code);
    CHECK(ran.out.empty());
    CHECK(ran.err.starts_with("hairline: "));
    CHECK(ran.err.find("\nhairline: ") == std::string::npos);
    for (const std::string& part : parts) CHECK_THAT(ran.err, Catch::Contains(part));
    CHECK(files() == before);
  }

 private:
  int height_, width_;
};

const std::string outputs =
    "p.png o.png -b b.png --engine reference --weights w.safetensors --foreground of.png --error oe.png --refined "
    "or.png ";
const std::string mobile = outputs + "-m bgmv2-mobilenetv2 ";

NetworkResults reference(const Graph& graph, const Place& place, const RunOptions& options) {
  return run_reference(graph, seeded_weights(graph, 3), place.inputs(), options).value();
}

void check_against(const Place& place, const Json& report, const NetworkResults& wanted) {
  place.same("o.png", wanted.at("pha"));
  place.same("of.png", wanted.at("fgr"));
  place.same("oe.png", wanted.at("err_sm"));
  place.same("or.png", wanted.at("ref_sm"));
  const auto& cells = wanted.at("ref_sm").data;
  CHECK(report["refined_cells"] == std::count(cells.begin(), cells.end(), 1.0f));
  CHECK(report["cells"] == cells.size());
}
}  // namespace

TEST_CASE("the command gives what the header gives, in every mode") {
  struct Row {
    std::string arguments;
    BackgroundMattingV2Options options;
  };
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const std::vector<Row> rows{
      {"", {}},
      {"--refine-mode sampling --refine-sample-pixels 480", {.refine_sample_pixels = 480}},
      {"--refine-sample-pixels 100000 --refine-prevent-oversampling 0",
       {.refine_sample_pixels = 100000, .refine_prevent_oversampling = false}},
      {"--refine-mode thresholding", {.refine_mode = RefineMode::thresholding}},
      {"--refine-mode thresholding --refine-threshold 0.6",
       {.refine_mode = RefineMode::thresholding, .refine_threshold = 0.6}},
      {"--refine-sample-pixels 960 --refine-least-error 0.5", {.refine_sample_pixels = 960, .refine_least_error = 0.5}},
      {"--refine-sample-pixels 960 --refine-fade 0.6", {.refine_sample_pixels = 960, .refine_fade = 0.6}},
      {"--refine-mode full", {.refine_mode = RefineMode::full}},
      {"--refine-mode none", {.refine_mode = RefineMode::none}},
      {"--backbone-scale 0.5 --refine-sample-pixels 480", {.backbone_scale = 0.5, .refine_sample_pixels = 480}},
      {"--backbone-scale 0.5 --refine-mode none", {.backbone_scale = 0.5, .refine_mode = RefineMode::none}},
  };
  for (const Row& row : rows) {
    INFO(row.arguments);
    const Json report = place.json(mobile + row.arguments);
    check_against(place, report, reference(graph<Whole>(), place, row.options));
    CHECK(report["options"]["refine_sample_pixels"] == row.options.refine_sample_pixels);
    CHECK(report["options"]["backbone_scale"] == row.options.backbone_scale);
  }
  const Json some = place.json(mobile + "--refine-sample-pixels 480");
  CHECK(some["refined_cells"] == 30);  // 192 cells, and the seeded errors are not zero in so many
}

TEST_CASE("islands go and pits are filled as by the headers, of slim unless told otherwise") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const auto wanted = reference(graph<Whole>(), place, BackgroundMattingV2Options{.refine_mode = RefineMode::none});
  Image<float> alpha = to_image(wanted.at("pha"));
  const int islands = remove_islands(alpha.view(), {.share = 0.9});
  const std::size_t filled = fill_pits(alpha.view(), {.share = 0.5});
  REQUIRE(filled > 0);
  const Json report = place.json(mobile + "--refine-mode none --islands 0.9 --pits 0.5");
  CHECK(report["islands"] == islands);
  CHECK(report["filled_pixels"] == filled);
  place.same("o.png", to_tensor(alpha));
  CHECK_FALSE(place.json(mobile + "--refine-mode none").contains("filled_pixels"));

  place.write_weights("w.safetensors", graph<SlimMatting>());
  const Json slim = place.json(outputs + "-m slim");
  CHECK(slim.contains("islands"));
  CHECK(slim.contains("filled_pixels"));
  CHECK(slim["timings_ms"].contains("clean"));
  CHECK_FALSE(place.json(outputs + "-m slim --pits 0").contains("filled_pixels"));
  place.refused(outputs + "-m slim --pits 1.5", 2, {"--pits"});
}

TEST_CASE("alpha and colour are weighed as by the header, of slim unless told otherwise, after pits") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const auto wanted = reference(graph<Whole>(), place, {});
  Image<float> alpha = to_image(wanted.at("pha")), colour = to_image(wanted.at("fgr"));
  fill_pits(alpha.view(), {.share = 0.5});
  ThreadPool pool(1);
  const auto moved =
      weigh_colours(place.read("p.png"), place.read("b.png"), alpha.view(), colour.view(), ColourWeighing{}, pool);
  REQUIRE(moved);
  REQUIRE(*moved > 0);
  const Json report = place.json(mobile + "--pits 0.5 --colours 1");
  CHECK(report["weighed_pixels"] == *moved);
  CHECK(report["timings_ms"].contains("clean"));
  place.same("o.png", to_tensor(alpha));
  place.same("of.png", to_tensor(colour));
  CHECK_FALSE(place.json(mobile).contains("weighed_pixels"));

  place.write_weights("w.safetensors", graph<SlimMatting>());
  CHECK(place.json(outputs + "-m slim").contains("weighed_pixels"));
  CHECK_FALSE(place.json(outputs + "-m slim --colours 0").contains("weighed_pixels"));
  place.refused(outputs + "-m slim --colours 2", 2, {"--colours"});
  place.refused("p.png o.png -b b.png -m plate --colours 1", 2, {"method plate has no --colours"});
}

TEST_CASE("the command takes pictures of any size") {
  const auto size = GENERATE(std::array{1, 1}, std::array{4, 4}, std::array{3, 50}, std::array{38, 9});
  const Place place(size[0], size[1]);
  place.write_weights("w.safetensors", graph<Whole>());
  check_against(place, place.json(mobile + "--refine-mode thresholding"),
                reference(graph<Whole>(), place, BackgroundMattingV2Options{.refine_mode = RefineMode::thresholding}));
}

TEST_CASE("the command has the other encoders, and the refiner of kernel 1") {
  const Place place(21, 30);
  {
    const Graph g = graph<BackgroundMattingV2<MobileNetV2, Kernel{1}>>();
    place.write_weights("w.safetensors", g);
    check_against(place, place.json(mobile + "--refine-kernel-size 1"), reference(g, place, {}));
    place.refused("p.png o.png -b b.png --engine reference --weights w.safetensors -m bgmv2-mobilenetv2", 1,
                  {"0 missing", "refiner.conv1.weight: wanted [24, 42, 3, 3], given [24, 42, 1, 1]"});
  }
  const Graph g50 = graph<BackgroundMattingV2<ResNet50>>();
  place.write_weights("w.safetensors", g50);
  check_against(place, place.json(outputs + "-m bgmv2-resnet50"), reference(g50, place, {}));
  const Graph g101 = graph<BackgroundMattingV2<ResNet101>>();
  place.write_weights("w.safetensors", g101);
  check_against(place, place.json(outputs + "-m bgmv2-resnet101"), reference(g101, place, {}));
}

TEST_CASE("the JSON object of a network names what was done") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const Json report = place.json(mobile + "--refine-sample-pixels 480");
  CHECK(report["method"] == "bgmv2-mobilenetv2");
  CHECK(report["net"] == "bgmv2-mobilenetv2");
  CHECK(report["engine"] == "reference");
  CHECK(report["device"] == "cpu");
  CHECK(report["precision"] == "f32");
  CHECK(report["weights"] == "w.safetensors");
  CHECK(report["outputs"].size() == 4);
  CHECK_FALSE(report.contains("solver"));
  double sum = 0;
  for (const char* key : {"load", "read", "forward", "write"}) sum += report["timings_ms"][key].get<double>();
  CHECK(report["timings_ms"]["total"].get<double>() >= sum - 0.01);
  const Ran text = place.run(mobile + "--refine-sample-pixels 480");
  CHECK_THAT(text.out, Catch::Contains("wrote o.png, of.png, oe.png, or.png (bgmv2-mobilenetv2, engine reference, 30 "
                                       "cells refined, 61x45, "));
}

TEST_CASE("nothing refined needs no refiner") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>(), "refiner.");
  place.refused(mobile, 1,
                {"w.safetensors: these weights do not fit", "(17 missing, 0 unexpected, 0 mis-shaped)",
                 "missing     refiner.conv4.bias"});
  const BackgroundMattingV2Options none{.refine_mode = RefineMode::none};
  check_against(place, place.json(mobile + "--refine-mode none"), reference(graph<Whole>(), place, none));
  // At scale 1 it is the coarse network alone, at the picture's own size without padding.
  const auto check_base = [&] {
    const Json report = place.json(mobile + "--refine-mode none --backbone-scale 1");
    const auto wanted = reference(graph<BackgroundMattingV2Base<MobileNetV2>>(), place, {});
    place.same("o.png", wanted.at("pha"));
    place.same("of.png", wanted.at("fgr"));
    place.same("oe.png", wanted.at("err"));
    CHECK(report["refined_cells"] == 0);
    CHECK(report["cells"] == 16 * 12);
    const Image<float> map = place.read("or.png");
    CHECK(map.shape() == Shape{12, 16, 1});
    CHECK(std::all_of(map.begin(), map.end(), [](float v) { return v == 0; }));
  };
  check_base();
  place.write_weights("w.safetensors", graph<Whole>());
  check_base();
}

TEST_CASE("weights that are not there or do not fit are one report") {
  const Place place;
  const std::string call = "p.png o.png -b b.png -m bgmv2-mobilenetv2 --engine reference ";
  place.refused(call, 3, {"method bgmv2-mobilenetv2 needs --weights FILE"});
  place.refused(call + "--weights none.pth", 3, {"none.pth", "there is no such file"});
  place.refused(call + "--weights p.png", 1, {"p.png: wanted safetensors, a PyTorch zip checkpoint or an ONNX model"});
  place.refused(call + "--weights .", 1, {"'.'"});
  place.write_weights("w.safetensors", graph<Whole>());
  const std::string whole = contents(place.folder / "w.safetensors");
  std::ofstream(place.folder / "cut.safetensors", std::ios::binary) << whole.substr(0, whole.size() - 4);
  place.refused(call + "--weights cut.safetensors", 1, {"cut.safetensors"});
  place.refused("p.png o.png -b b.png -m bgmv2-resnet50 --engine reference --weights w.safetensors", 1,
                {"do not fit", "missing     backbone.conv1.weight", "unexpected  backbone.features.0.0.weight",
                 "mis-shaped  decoder.conv1.weight: wanted [128, 768, 3, 3], given [128, 288, 3, 3]"});
}

TEST_CASE("engines and devices that are not there are an error and nothing falls back") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const std::string call = "p.png o.png -b b.png -m bgmv2-mobilenetv2 --weights w.safetensors ";
#if !HAIRLINE_HAVE_KERNELS
  const std::vector<std::string> parts{"no compiled kernels for bgmv2-mobilenetv2", "--engine reference"};
  place.refused(call + "--engine kernels", 3, parts);
  place.refused(call, 3, parts);  // kernels are what is meant unless the reference is asked for
#endif
  place.refused(call + "--engine any", 2, {"--engine"});
  place.refused(call + "--engine reference --device cuda:0", 3, {"cuda:0"});
  place.refused(call + "--device gpu", 2, {"unknown device 'gpu'", "opencl:N"});
  place.refused(call + "--device cuda:", 2, {"unknown device 'cuda:'"});
#if HAIRLINE_HAVE_KERNELS
  place.refused(call + "--device cuda:99", 3, {"no device cuda:99; found ", "opencl:0 "});  // what there is is listed
  place.refused(call + "--device opencl:99", 3, {"no device opencl:99; found "});
#endif
}

#if HAIRLINE_HAVE_KERNELS
TEST_CASE("a device computes what the processor does, and the report says which it was") {
  const Place place(52, 70);
  const std::string options = " --force --colours 0 --refine-sample-pixels 800 --foreground {}f.png --refined {}r.png";
  const auto named = [&](std::string text, const std::string& name) {
    for (std::size_t at; (at = text.find("{}")) != std::string::npos;) text.replace(at, 2, name);
    return text;
  };
  place.write_weights("mobilenetv2.safetensors", graph<Whole>());
  place.write_weights("slim.safetensors", graph<SlimMatting>());
  for (const std::string network : {"bgmv2-mobilenetv2", "slim"}) {
    INFO(network);
    const std::string weights = network == "slim" ? "slim" : "mobilenetv2";
    const std::string call = "p.png {}.png -b b.png -m " + network + " --weights " + weights + ".safetensors" + options;
    CHECK(place.json(named(call, "c"))["device"] == "cpu");
    const Json report = place.json(named(call, "d") + " --device opencl");
    CHECK(report["device"] == "opencl:0");
    CHECK(!report["device_name"].get<std::string>().empty());
    for (const char* what : {"", "f", "r"}) {
      const auto file = [&](const char* start) { return std::string(start).append(what).append(".png"); };
      const auto given = convert<std::uint16_t>(place.read(file("d")));
      const auto wanted = convert<std::uint16_t>(place.read(file("c")));
      REQUIRE(given.shape() == wanted.shape());
      int most = 0;
      for (auto a = given.begin(), b = wanted.begin(); a != given.end(); ++a, ++b)
        most = std::max(most, std::abs(int{*a} - int{*b}));
      INFO(what);
      CHECK(most <= 7);  // 1e-4 of the range
    }
  }
  const Ran ran = place.run(
      "bgmv2-mobilenetv2 --weights mobilenetv2.safetensors --src p.png --background b.png "
      "--device opencl:0 --refine-sample-pixels 320 --refine-prevent-oversampling 0 --frames 2 "
      "--warmup 1 --json -",
      "bench");
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  const Json json = Json::parse(ran.out);
  CHECK(json["device"].get<std::string>().starts_with("opencl:0 "));
  CHECK(json["refined_cells"] == 20);
  CHECK(json["blocks"].size() > 45);  // seventeen of which are fused
  CHECK(!json.contains("peak"));
  CHECK(json["total"]["ms_cold_start"] > 0.0);
  CHECK(json["on_device"]["ms_median"] > 0.0);
  CHECK(json["on_device"]["ms_in_a_row"] > 0.0);
}

TEST_CASE("compiled kernels are what computes unless the reference is asked for") {
  const Place place(52, 70);
  for (const char* encoder : {"mobilenetv2", "resnet50", "resnet101"}) {
    INFO(encoder);
    const std::string network = std::string("bgmv2-") + encoder;
    if (network == "bgmv2-mobilenetv2") place.write_weights("w.safetensors", graph<Whole>());
    if (network == "bgmv2-resnet50") place.write_weights("w.safetensors", graph<BackgroundMattingV2<ResNet50>>());
    if (network == "bgmv2-resnet101") place.write_weights("w.safetensors", graph<BackgroundMattingV2<ResNet101>>());
    for (const char* mode : {"sampling", "full", "none"}) {
      const std::string call = "p.png {}.png -b b.png -m " + network +
                               " --weights w.safetensors --refine-sample-pixels 800" +
                               " --force --foreground {}f.png --error {}e.png --refined {}r.png --refine-mode " + mode;
      const auto named = [&](std::string text, const std::string& name) {
        for (std::size_t at; (at = text.find("{}")) != std::string::npos;) text.replace(at, 2, name);
        return text;
      };
      CHECK(place.json(named(call, "k"))["engine"] == "kernels");
      CHECK(place.json(named(call, "r") + " --engine reference")["engine"] == "reference");
      for (const std::string what : {".png", "f.png", "e.png", "r.png"}) {
        const auto given = convert<std::uint16_t>(place.read(std::string("k").append(what)));
        const auto wanted = convert<std::uint16_t>(place.read(std::string("r").append(what)));
        REQUIRE(given.shape() == wanted.shape());
        int most = 0;
        for (auto a = given.begin(), b = wanted.begin(); a != given.end(); ++a, ++b)
          most = std::max(most, std::abs(int{*a} - int{*b}));
        INFO(mode << " " << what);
        CHECK(most <= 7);  // 1e-4 of the range
      }
    }
  }
}

TEST_CASE("bench times every step and says what it measured") {
  const Place place(52, 70);
  place.write_weights("w.safetensors", graph<Whole>());
  const std::string call = "bgmv2-mobilenetv2 --weights w.safetensors --src p.png --background b.png ";
  const Ran ran = place.run(call + "--size 96x64 --precision f32 --refine-mode sampling --refine-sample-pixels 320 " +
                                "--refine-prevent-oversampling 0 --threads 2 --frames 3 --warmup 1 --json -",
                            "bench");
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  const Json json = Json::parse(ran.out);
  CHECK(json["engine"] == "kernels");
  CHECK(json["threads"] == 2);
  CHECK(json["size"] == Json::array({96, 64}));
  CHECK(json["refined_cells"] == 20);
  CHECK(json["total"]["ms_median"] > 0.0);
  CHECK(json["total"]["ms_first_frame"] > 0.0);
  CHECK(json["memory"]["peak_over_baseline_bytes"] > 0);
  CHECK(json["blocks"].size() > 50);
  CHECK(json["blocks"][1].contains("percent_of_roofline"));
  CHECK(place.run(call + "--precision f16", "bench").code == 3);
  CHECK(place.run("bgmv2-mobilenetv2 --weights none.pth --src p.png --background b.png", "bench").code == 3);
  CHECK(place.run("bgmv2-none --weights w.safetensors --src p.png --background b.png", "bench").code == 2);
  CHECK(place.run("bgmv2-mobilenetv2 --weights w.safetensors --src none.png --background b.png", "bench").code != 0);
}
#endif

TEST_CASE("a plate shot from the hand is brought under the picture first") {
  const Place place;
  place.write_weights("w.safetensors", graph<SlimMatting>());
  const auto write = [&](const char* file, float dx, float dy) {
    Image<float> image(Shape{96, 128, 3});
    for (int y = 0; y < 96; ++y)
      for (int x = 0; x < 128; ++x)
        for (int c = 0; c < 3; ++c) {
          const float u = static_cast<float>(x) + dx, v = static_cast<float>(y) + dy;
          image(y, x, c) = 0.5f + 0.2f * std::sin(0.31f * u + 0.1f * v + static_cast<float>(c)) +
                           0.2f * std::sin(0.23f * v - 0.17f * u) * std::cos(0.11f * u);
        }
    io::write_png((place.folder / file).string(), image).value();
  };
  write("p.png", 0, 0);
  write("moved.png", 3, -2);
  const std::string rest = " -m slim --weights w.safetensors --engine reference -b ";
  const auto alpha = [&](const std::string& plate) {
    REQUIRE(place.run("p.png a.png" + rest + plate).code == 0);
    return place.read("a.png");
  };
  const Image<float> wanted = alpha("p.png"), moved = alpha("moved.png --settle 0"), settled = alpha("moved.png"),
                     aligned = alpha("moved.png --align --settle 0");
  const auto distance = [&](const Image<float>& a) {  // away from the border, where the plate has seen nothing
    double sum = 0;
    for (int y = 16; y < 80; ++y)
      for (int x = 16; x < 112; ++x) sum += std::abs(a(y, x, 0) - wanted(y, x, 0));
    return sum;
  };
  CHECK(distance(moved) > 0);
  CHECK(distance(aligned) < 0.1 * distance(moved));
  CHECK(distance(settled) < 0.1 * distance(moved));
  place.refused("p.png a.png -b moved.png -m plate --settle 1", 2, {"method plate has no --settle"});
}

TEST_CASE("slim has one refiner, and no weights but those it brings along") {
  const Place place;
  place.write_weights("w.safetensors", graph<SlimMatting>());
  place.refused("p.png o.png -b b.png -m slim --weights w.safetensors --refine-kernel-size 1", 2,
                {"slim has no refiner of kernel 1"});
  for (const char* mode : {"sampling", "none", "none --backbone-scale 1"})
    CHECK(place
              .run(std::string("p.png o.png -b b.png -m slim --weights w.safetensors --engine reference "
                               "--refine-mode ") +
                   mode)
              .code == 0);
  // Small pictures have a coarse stage of their own size, unless another is asked for.
  const std::string call = "p.png o.png -b b.png -m slim --weights w.safetensors --engine reference";
  const Json by_size = place.json(call), asked = place.json(call + " --backbone-scale 0.25");
  CHECK(by_size["options"]["backbone_scale"] == "by size");
  CHECK(by_size["backbone_scale"] == 1);
  CHECK(by_size["options"]["refine_fade"] == 1);
  CHECK(by_size["options"]["refine_least_error"] == 0.05);
  // So nothing is left to refine, unless that is asked for.
  CHECK(by_size["options"]["refine_mode"] == "by size");
  CHECK(by_size["options"]["refine_sample_pixels"] == "by size");
  CHECK(by_size["refined_cells"] == 0);
  for (const char* option : {" --refine-mode sampling", " --refine-sample-pixels 320", " --backbone-scale 0.5"})
    CHECK(place.json(call + option)["refined_cells"] > 0);
  CHECK(asked["options"]["backbone_scale"] == 0.25);
  CHECK(asked["backbone_scale"] == 0.25);
}

TEST_CASE("options that do not belong together are wrong use") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const std::string net = "p.png o.png -b b.png --engine reference --weights w.safetensors -m bgmv2-mobilenetv2 ";
  place.refused("p.png o.png -t b.png --engine reference --weights w.safetensors -m bgmv2-mobilenetv2", 2,
                {"needs --background"});
  for (const char* option : {"--epsilon 1e-5", "--radius 2", "--start b.png", "--preconditioner jacobi"})
    place.refused(net + option, 2, {"method bgmv2-mobilenetv2 has no"});
  place.refused(net + "--tolerance 1e-3", 2, {"does not iterate"});
  place.refused(net + "--precision f64", 2, {"computes in f32"});
  place.refused(net + "--backbone-scale 0.75", 2, {"--backbone-scale of 0.5 at most"});
  place.refused(net + "--refine-kernel-size 2", 2, {"--refine-kernel-size"});
  place.refused(net + "--refine-mode some", 2, {"--refine-mode"});
  place.refused(net + "--refine-fade -1", 2, {"--refine-fade"});
  place.refused(net + "--refine-prevent-oversampling yes", 2, {"--refine-prevent-oversampling"});
  for (const char* option :
       {"--weights w.safetensors", "--engine reference", "--backbone-scale 0.25", "--refine-mode full",
        "--refine-sample-pixels 80000", "--refine-threshold 0.1", "--refine-fade 1", "--refine-prevent-oversampling 1",
        "--refine-kernel-size 3", "--error oe.png", "--refined or.png"})
    place.refused(std::string("p.png o.png -b b.png -m plate ") + option, 2, {"method plate has no --"});
}

TEST_CASE("a plate of another size and results that must not overwrite are errors of the files") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const Place small(45, 60);
  fs::copy(small.folder / "b.png", place.folder / "small.png");
  const std::string net = " --engine reference --weights w.safetensors -m bgmv2-mobilenetv2 ";
  place.refused("p.png o.png -b small.png" + net, 1, {"small.png: wanted 61x45", "given 60x45"});
  place.refused("p.png o.png -b b.png --refined b.png" + net, 1, {"b.png: wanted an output that is not an input too"});
  place.refused("p.png o.png -b b.png --error o.png" + net, 1, {"o.png: wanted for two outputs at once"});
}

TEST_CASE("folders: weights are loaded once, finished pictures skipped, jobs change nothing") {
  const Place place(24, 33);
  place.write_weights("w.safetensors", graph<Whole>());
  fs::create_directory(place.folder / "in");
  for (const char* name : {"a", "b", "c"}) place.write_picture("in/" + std::string(name) + ".png", name);
  const std::string call =
      "in mattes -b b.png -m bgmv2-mobilenetv2 --engine reference --weights w.safetensors --depth 8 --refined cells";
  const Json report = place.json(call);
  CHECK(report["done"] == 3);
  CHECK(report["timings_ms"]["load"].get<double>() > 0);
  for (const Json& file : report["files"]) {
    CHECK(file["timings_ms"].contains("forward"));
    CHECK_FALSE(file["timings_ms"].contains("load"));
    const Image<float> map = place.read(file["outputs"]["refined"].get<std::string>());
    CHECK(map.shape() == Shape{6, 9, 1});
    CHECK(file["refined_cells"] == std::count(map.begin(), map.end(), 1.0f));
  }
  CHECK(place.json(call)["skipped"] == 3);
  const std::string before = contents(place.folder / "mattes/b.png");
  CHECK(place.json(call + " --jobs 3 --threads 1 --force")["done"] == 3);
  CHECK(contents(place.folder / "mattes/b.png") == before);
  fs::last_write_time(place.folder / "w.safetensors", fs::file_time_type::clock::now() + std::chrono::seconds(2));
  CHECK(place.json(call)["done"] == 3);  // other weights: nothing is finished any more
}

TEST_CASE("a network's own colour goes into cut-outs and composites") {
  const Place place;
  place.write_weights("w.safetensors", graph<Whole>());
  const Json report = place.json(mobile + "--cutout oc.png --composite om.png --over black");
  CHECK_FALSE(report["timings_ms"].contains("foreground"));  // nothing was estimated
  const Image<float> colour = place.read("of.png"), alpha = place.read("o.png"), cut = place.read("oc.png"),
                     over = place.read("om.png");
  for (int y = 0; y < 45; ++y)
    for (int x = 0; x < 61; ++x)
      for (int c = 0; c < 3; ++c) {
        REQUIRE(cut(y, x, c) == colour(y, x, c));
        REQUIRE(over(y, x, c) == Approx(alpha(y, x) * colour(y, x, c)).margin(2.0 / 65535));
      }
}
