#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "progress.hpp"

namespace CLI {
class App;
}

namespace hairline::tool {

using Json = nlohmann::ordered_json;

/// Options that every verb has.
struct CommonOptions {
  std::string json;  ///< empty: none; "-": standard output; else a file
  bool quiet = false;
};
/// Options of verbs that work through files.
struct BatchOptions {
  int jobs = 1;
  int threads = 0;
  bool force = false;
  int threads_per_job() const;
};

void add_common_options(CLI::App& verb, CommonOptions& options);
void add_batch_options(CLI::App& verb, BatchOptions& options);

/// What one job has to say. Filled in as it goes, so that a failure still reports what is known.
struct Outcome {
  Json json = Json::object();
  std::string line;                   ///< for people: what was written
  std::vector<std::string> warnings;  ///< each FILE: text
  bool skipped = false;
  std::function<void(const std::string&)> stage = [](const std::string&) {};  ///< tells the progress bar
};

/// One piece of work: `name` is the file that it is about.
struct Job {
  std::string name;
  std::function<void(Outcome&)> run;  ///< throws JobError
};

struct Batch {
  std::string verb;
  bool several = false;  ///< the JSON object has "files" instead of one file's keys
  bool standard_output_taken = false;
  Json head = Json::object();          ///< keys of the JSON object besides version and verb
  std::optional<double> load_ms = {};  ///< what was loaded once, before the first file; part of the total
  /// Adds keys that need all files (means).
  std::function<void(Json&, const std::vector<Outcome>&)> summarise = {};
  /// Writes what belongs to the run as a whole (a table), before the JSON object. May throw JobError.
  std::function<void(const std::vector<Outcome>&)> finish = {};
};

/// Runs the jobs, `jobs` at a time, with a progress bar; prints the results or the JSON object, and the failures.
/// @return an ExitCode
int run_batch(const Batch& batch, const std::vector<Job>& jobs, const CommonOptions& common,
              const BatchOptions& options);

/// Writes the JSON object to where --json says. Throws JobError.
void write_json(const Json& json, const CommonOptions& common);

/// Writes text to `temporary`, for `place`. Throws JobError about `place`.
void write_text(const std::string& temporary, const std::string& place, std::string_view text);

/// {"version": ..., "verb": ...}
Json json_head(const std::string& verb);

/// hairline: text
void print_error(const std::string& text);

/// Runs f; prints whatever it throws and returns the exit code.
int guarded(const std::function<int()>& f);

/// Milliseconds of consecutive stages.
class Stopwatch {
 public:
  double lap_ms();
  double total_ms() const;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now(), lap_ = start_;
};

}  // namespace hairline::tool
