// hairline eval: how far a predicted alpha is from the true one, as the published programs measure it.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "batch.hpp"
#include "hairline/metrics/evaluate.hpp"
#include "hairline/metrics/presets.hpp"
#include "job_error.hpp"
#include "paths.hpp"
#include "picture_files.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace {

struct Options {
  CommonOptions common;
  BatchOptions batch;
  std::string prediction, truth, trimap, preset = "composition1k", csv;
};

const char* const footer =
    "Default units (composition1k): SAD, Grad and Conn divided by 1000, MSE and MAD as they are; the unknown region "
    "is\n"
    "where the trimap is exactly 128. Without --trimap there are numbers of the whole picture alone, and the JSON\n"
    "object's \"unknown\" is null. With folders, \"unknown\" and \"whole\" are plain means and \"files\" has each "
    "file's.\n"
    "Examples:\n"
    "  hairline eval alpha.png truth.png --trimap trimap.png --json\n"
    "  hairline eval alphas/ truths/ --trimap trimaps/ --csv numbers.csv\n"
    "  hairline eval frame.png truth.png --as rvm_lr";

constexpr std::array<const char*, 5> keys{"sad", "mse", "mad", "grad", "conn"};

Json values_json(const metrics::Values& v) {
  const auto number = [](const std::optional<double>& x) { return x ? Json(*x) : Json(nullptr); };
  return Json{{"sad", number(v.sad)},
              {"mse", number(v.mse)},
              {"mad", number(v.mad)},
              {"grad", number(v.gradient)},
              {"conn", number(v.connectivity)}};
}

bool needs_trimap(const metrics::Preset& p) {
  const auto whole = [](const metrics::Column& c) {
    return c.over == metrics::Over::whole || c.over == metrics::Over::nothing;
  };
  return p.paste || p.demand_pasted ||
         !(whole(p.sad) && whole(p.mse) && whole(p.mad) && whole(p.gradient) && whole(p.connectivity));
}

std::string spoken(const char* region, const Json& v) {
  std::string line = std::string("  ") + region + ":";
  for (const char* key : keys) {
    if (v[key].is_null()) continue;
    char text[64];
    std::snprintf(text, sizeof text, "  %s %.6g", key, v[key].get<double>());
    line += text;
  }
  return line;
}

void eval_one(const Options& o, const metrics::Preset& preset, const Partner& truths, const Partner& trimaps,
              const std::string& file, Outcome& outcome) {
  Stopwatch watch;
  Json& json = outcome.json;
  const std::string truth_file = truths.of(file), trimap_file = trimaps.of(file);
  json["prediction"] = file;
  json["truth"] = truth_file;
  if (trimaps.given()) json["trimap"] = trimap_file;
  const Mask prediction = read_mask_and_bits(file), truth = read_mask_and_bits(truth_file);
  want_size(truth_file, truth.plane.shape(), prediction.plane.shape(), "'" + file + "'");
  const Shape shape = prediction.plane.shape();
  // Without a trimap every pixel is unknown, so that the whole picture is all there is.
  const Plane trimap = trimaps.given() ? to_float(read_grey(trimap_file)) : Plane(shape, 128.0f / 255);
  want_size(trimap_file, trimap.shape(), shape, "'" + file + "'");
  metrics::EvaluateOptions options;
  options.prediction_bits = prediction.bits;
  options.truth_bits = truth.bits;
  const auto report =
      take(metrics::evaluate(to_float(prediction.plane), to_float(truth.plane), trimap, preset, options), file);
  json["size"] = {{"width", shape.width}, {"height", shape.height}};
  json["unknown"] = trimaps.given() ? values_json(report.unknown) : Json(nullptr);
  json["whole"] = values_json(report.whole);
  if (trimaps.given()) json["unknown_pixels"] = report.unknown.pixels;
  if (trimaps.given() || !needs_trimap(preset)) json["published"] = values_json(report.published);
  for (const auto& warning : report.warnings) outcome.warnings.push_back(file + ": " + warning.text);
  json["timings_ms"]["total"] = watch.total_ms();
  outcome.line = file;
  if (trimaps.given()) outcome.line += "\n" + spoken("unknown", json["unknown"]);
  outcome.line += "\n" + spoken("whole", json["whole"]);
  if (o.preset != "composition1k") outcome.line += "\n" + spoken(("as " + o.preset).c_str(), json["published"]);
}

// Plain means over the files that have the value; null if none has.
Json means(const std::vector<Outcome>& outcomes, const char* region) {
  Json result = Json::object();
  for (const char* key : keys) {
    double sum = 0;
    int n = 0;
    for (const Outcome& o : outcomes) {
      if (!o.json.contains(region) || o.json[region].is_null() || o.json[region][key].is_null()) continue;
      sum += o.json[region][key].get<double>();
      ++n;
    }
    result[key] = n > 0 ? Json(sum / n) : Json(nullptr);
  }
  return result;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_row(const std::string& name, const std::string& preset, const Json& values) {
  std::string row = csv_field(name) + "," + preset;
  for (const char* region : {"unknown", "whole"})
    for (const char* key : keys) {
      char text[64] = "";
      if (values.contains(region) && !values[region].is_null() && !values[region][key].is_null())
        std::snprintf(text, sizeof text, "%.10g", values[region][key].get<double>());
      row += std::string(",") + text;
    }
  return row + "\n";
}

std::string csv_text(const std::vector<Outcome>& outcomes, const std::string& preset, bool several) {
  std::string text = "file,preset";
  for (const char* region : {"unknown", "whole"})
    for (const char* key : keys) text += std::string(",") + region + "_" + key;
  text += "\n";
  for (const Outcome& o : outcomes)
    if (o.json.contains("whole")) text += csv_row(o.json["prediction"], preset, o.json);
  if (several) {
    const Json all{{"unknown", means(outcomes, "unknown")}, {"whole", means(outcomes, "whole")}};
    text += csv_row("mean", preset, all);
  }
  return text;
}

void print_means(const std::vector<Outcome>& outcomes, bool trimaps) {
  std::string text = "mean\n";
  if (trimaps) text += spoken("unknown", means(outcomes, "unknown")) + "\n";
  text += spoken("whole", means(outcomes, "whole")) + "\n";
  std::fputs(text.c_str(), stdout);
}

metrics::Preset chosen_preset(const Options& o) {
  auto preset = metrics::find_preset(o.preset);
  if (!preset) throw WrongUse{"--as: " + preset.error().message};
  if (o.trimap.empty() && o.preset != "composition1k" && needs_trimap(*preset))
    throw WrongUse{"--as " + o.preset + " needs --trimap"};
  return *preset;
}

int run_eval(const Options& o) {
  const metrics::Preset preset = chosen_preset(o);
  check_streams({o.prediction, o.truth, o.trimap}, {o.csv}, o.common);
  const Inputs inputs = expand_inputs(o.prediction);
  const Partner truths(o.truth, "true alpha", inputs.several), trimaps(o.trimap, "trimap", inputs.several);
  StagedOutputs staged;
  const std::string csv = o.csv.empty() ? std::string() : staged.add(o.csv);
  std::vector<Job> jobs;
  for (const std::string& file : inputs.files)
    jobs.push_back({file, [&, file](Outcome& outcome) { eval_one(o, preset, truths, trimaps, file, outcome); }});
  Batch batch{"eval", inputs.several, o.csv == "-", {{"preset", o.preset}, {"units", Json::object()}}, {}};
  batch.head["units"] = {{"sad", preset.sad.scale},
                         {"mse", preset.mse.scale},
                         {"mad", preset.mad.scale},
                         {"grad", preset.gradient.scale},
                         {"conn", preset.connectivity.scale}};
  const bool text = !o.common.quiet && o.common.json != "-" && o.csv != "-";
  batch.summarise = [&](Json& json, const std::vector<Outcome>& outcomes) {
    json["unknown"] = trimaps.given() ? means(outcomes, "unknown") : Json(nullptr);
    json["whole"] = means(outcomes, "whole");
    if (text) print_means(outcomes, trimaps.given());
  };
  batch.finish = [&](const std::vector<Outcome>& outcomes) {
    if (csv.empty()) return;
    write_text(csv, o.csv, csv_text(outcomes, o.preset, inputs.several));
    staged.commit();
  };
  return run_batch(batch, jobs, o.common, o.batch);
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App& verb = *app.add_subcommand("eval", "SAD, MSE, MAD, Grad and Conn of a predicted alpha");
  std::string names;
  for (const metrics::Preset* p : metrics::presets::all) names += std::string("\n  ") + p->name + ": " + p->about;
  verb.add_option("PRED", o->prediction, "Predicted alpha; file, folder, pattern or -")->required();
  verb.add_option("TRUTH", o->truth, "The true alpha; a folder or pattern is matched by name")->required();
  verb.add_option("-t,--trimap", o->trimap, "Its trimap; a folder or pattern is matched by name");
  verb.add_option("--as", o->preset, "Measure as this published program does:" + names);
  verb.add_option("--csv", o->csv, "Write a table, one row a file");
  add_common_options(verb, o->common);
  verb.add_option("-j,--jobs", o->batch.jobs, "How many files to work on at once")->check(CLI::Range(1, 1024));
  verb.footer(footer);
  verb.callback([o, &action] { action = [o] { return run_eval(*o); }; });
}

}  // namespace hairline::tool
