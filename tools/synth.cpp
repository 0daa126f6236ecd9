// hairline synth: a data set of procedural scenes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "batch.hpp"
#include "exit_code.hpp"
#include "hairline/core/parallel.hpp"
#include "hairline/io/given_pictures.hpp"
#include "hairline/synth/options_json.hpp"
#include "hairline/synth/scene.hpp"
#include "job_error.hpp"
#include "picture_files.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

namespace fs = std::filesystem;

struct Options {
  CommonOptions common;
  std::string out, size = "512x512", scene;
  synth::GivenFolders folders;
  std::uint64_t seed = 1, first = 0;
  int count = 100, depth = 8, threads = 0;
  bool background = false;
};

const char* const footer =
    "OUT gets the folders picture, plate, alpha and foreground (and background with --with-background), each with\n"
    "000000.png and on. The same seed and number are always the same sample. Colours are mixed as sRGB values:\n"
    "picture = alpha * foreground + (1 - alpha) * background, before the camera's noise.\n"
    "--scene takes the JSON of docs/synth.md: '{\"kinds\": {\"person\": 1}, \"plate\": {\"shift\": 3}}'\n"
    "Examples:\n"
    "  hairline synth --count 1000 dataset\n"
    "  hairline synth --count 50 --size 1280x720 --seed 7 --with-background dataset\n"
    "  hairline synth --count 500 --foregrounds cut/ --alphas mattes/ --backgrounds rooms/ dataset";

void read_size(const std::string& text, synth::SceneOptions& options) {
  int width = 0, height = 0, read = 0;
  if (std::sscanf(text.c_str(), "%dx%d%n", &width, &height, &read) != 2 || read != static_cast<int>(text.size()) ||
      width < 1 || height < 1 || width > 16384 || height > 16384)
    throw WrongUse{"--size: wanted WIDTHxHEIGHT of 1 to 16384 pixels, given '" + text + "'"};
  options.width = width;
  options.height = height;
}

synth::Scenes make_scenes(const Options& o) {
  auto parsed = synth::scene_from_json(o.scene);
  if (!parsed) throw WrongUse{"--scene: " + parsed.error().message};
  read_size(o.size, parsed->options);
  const auto folder = [](const std::string& option, const std::string& json) { return option.empty() ? json : option; };
  auto given = io::read_given(folder(o.folders.foregrounds, parsed->folders.foregrounds),
                              folder(o.folders.alphas, parsed->folders.alphas),
                              folder(o.folders.backgrounds, parsed->folders.backgrounds));
  if (!given) throw JobError(o.out, given.error().message);
  parsed->options.given = std::move(*given);
  auto scenes = synth::Scenes::make(std::move(parsed->options), o.seed);
  if (!scenes) throw WrongUse{scenes.error().message};
  return std::move(*scenes);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw JobError(folder.string(), "cannot make the folder: " + error.message());
}

void write_sample(const Options& o, const synth::Sample& s, std::uint64_t index) {
  char name[32];
  std::snprintf(name, sizeof(name), "%06llu.png", static_cast<unsigned long long>(index));
  StagedOutputs staged;
  const auto write = [&](const char* folder, const Image<float>& picture, int depth) {
    const std::string place = (fs::path(o.out) / folder / name).string();
    write_picture(staged.add(place), place, picture, depth, 1);
  };
  write("picture", s.picture, 8);
  write("plate", s.plate, 8);
  write("alpha", s.alpha, o.depth);
  write("foreground", s.foreground, o.depth);
  if (o.background) write("background", s.background, o.depth);
  staged.commit();
}

int run_synth(const Options& o) {
  const synth::Scenes scenes = make_scenes(o);
  for (const char* folder : {"picture", "plate", "alpha", "foreground"}) make_folder(fs::path(o.out) / folder);
  if (o.background) make_folder(fs::path(o.out) / "background");
  Stopwatch watch;
  ThreadPool pool(o.threads);
  std::atomic<int> done{0};
  pool.parallel_for(0, o.count, 1, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t i = begin; i < end; ++i) {
      const std::uint64_t index = o.first + static_cast<std::uint64_t>(i);
      write_sample(o, scenes(index), index);
      ++done;
    }
  });
  const double ms = watch.total_ms();
  Json json = json_head("synth");
  json["out"] = o.out;
  json["seed"] = o.seed;
  json["first"] = o.first;
  json["count"] = done.load();
  json["size"] = {{"width", scenes.options().width}, {"height", scenes.options().height}};
  json["timings_ms"]["total"] = ms;
  if (!o.common.json.empty()) write_json(json, o.common);
  if (!o.common.quiet && o.common.json != "-")
    std::printf("wrote %d samples of %dx%d to %s (%.1f a second)\n", done.load(), scenes.options().width,
                scenes.options().height, o.out.c_str(), 1e3 * done.load() / std::max(ms, 1e-3));
  return exit_done;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand("synth", "Make a data set of procedural scenes with exact alpha and foreground");
  verb.add_option("OUT", o->out, "Folder that the samples go to; made if it is missing")->required();
  verb.add_option("--count", o->count, "How many samples")->check(CLI::Range(1, 10000000));
  verb.add_option("--first", o->first, "Number of the first sample");
  verb.add_option("--seed", o->seed, "Another seed, other samples");
  verb.add_option("--size", o->size, "WIDTHxHEIGHT of the pictures");
  verb.add_option("--depth", o->depth, "Bits of alpha, foreground and background; pictures and plates have 8")
      ->check(CLI::IsMember({8, 16}));
  verb.add_option("--foregrounds", o->folders.foregrounds, "Folder of foregrounds to use instead of procedural ones");
  verb.add_option("--alphas", o->folders.alphas, "Folder of their alphas, of the same names");
  verb.add_option("--backgrounds", o->folders.backgrounds, "Folder of backgrounds to use instead of procedural ones");
  verb.add_option("--scene", o->scene, "JSON of what scenes are made of");
  verb.add_flag("--with-background", o->background, "Also write what is behind the subject, its shadow included");
  verb.add_option("--threads", o->threads, "Threads; 0: one per core")->check(CLI::Range(0, 1024));
  add_common_options(verb, o->common);
  verb.footer(footer);
  verb.callback([o, &action] { action = [o] { return run_synth(*o); }; });
}

}  // namespace hairline::tool
