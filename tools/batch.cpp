#include "batch.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>
#include <thread>

#include "exit_code.hpp"
#include "hairline/core/start_elsewhere.hpp"
#include "hairline/core/version.hpp"
#include "job_error.hpp"
#include "picture_files.hpp"
#include "staged.hpp"

namespace hairline::tool {

int BatchOptions::threads_per_job() const {
  if (threads > 0 || jobs <= 1) return threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / jobs);
}

void add_common_options(CLI::App& verb, CommonOptions& options) {
  verb.add_flag("--json{-}", options.json,
                "Print one JSON object instead of text; --json=FILE writes it to FILE and keeps the text");
  verb.add_flag("-q,--quiet", options.quiet, "No text and no progress bar; errors and warnings stay");
}

void add_batch_options(CLI::App& verb, BatchOptions& options) {
  verb.add_option("-j,--jobs", options.jobs, "How many files to work on at once")->check(CLI::Range(1, 1024));
  verb.add_option("--threads", options.threads, "Threads for each file; 0: all, shared among the jobs")
      ->check(CLI::Range(0, 4096));
  verb.add_flag("-f,--force", options.force, "With folders and patterns: do finished files again");
}

double Stopwatch::lap_ms() {
  const auto now = Clock::now();
  const double ms = std::chrono::duration<double, std::milli>(now - lap_).count();
  lap_ = now;
  return std::round(ms * 1000) / 1000;
}

double Stopwatch::total_ms() const {
  const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  return std::round(ms * 1000) / 1000;
}

void print_error(const std::string& text) { std::fputs(("hairline: " + text + "\n").c_str(), stderr); }

int guarded(const std::function<int()>& f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
  } catch (const std::exception& e) {
    print_error(e.what());
  }
  return exit_files_failed;
}

Json json_head(const std::string& verb) { return Json{{"version", HAIRLINE_VERSION_STRING}, {"verb", verb}}; }

void write_json(const Json& json, const CommonOptions& common) {
  if (common.json.empty()) return;
  // File names need not be UTF-8; JSON must.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  StagedOutputs outputs;
  const std::string temporary = outputs.add(common.json);
  write_text(temporary, common.json, text);
  outputs.commit();
}

void write_text(const std::string& temporary, const std::string& place, std::string_view text) {
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  bool fine = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) fine = std::fclose(file) == 0 && fine;
  if (!fine) throw JobError(place, "cannot be written: " + std::string(std::strerror(errno)));
}

namespace {

enum class State { done, skipped, failed };

State run_one(const Job& job, Outcome& outcome, std::string& failure) {
  try {
    job.run(outcome);
    return outcome.skipped ? State::skipped : State::done;
  } catch (const JobError& e) {
    failure = e.what();
  } catch (const std::bad_alloc&) {
    failure = job.name + ": out of memory";
  } catch (const std::exception& e) {
    failure = job.name + ": " + e.what();
  }
  outcome.json["error"] = failure;
  return State::failed;
}

const char* state_name(State state) {
  return state == State::done ? "done" : state == State::skipped ? "skipped" : "failed";
}

// Puts what was loaded before the first file in front of the other times, and into their total.
void add_load(Json& json, const std::optional<double>& load_ms) {
  if (!load_ms) return;
  Json times{{"load", *load_ms}};
  if (json.contains("timings_ms")) times.update(json["timings_ms"]);
  if (times.contains("total")) times["total"] = std::round((times["total"].get<double>() + *load_ms) * 1000) / 1000;
  json["timings_ms"] = std::move(times);
}

Json batch_json(const Batch& batch, const std::vector<Outcome>& outcomes, const std::vector<State>& states,
                double total_ms) {
  Json json = json_head(batch.verb);
  if (batch.head.is_object()) json.update(batch.head);
  if (!batch.several) {
    json.update(outcomes.front().json);
    json["status"] = state_name(states.front());
    if (!outcomes.front().warnings.empty()) json["warnings"] = outcomes.front().warnings;
    add_load(json, batch.load_ms);
    return json;
  }
  Json files = Json::array();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    Json file = outcomes[i].json;
    file["status"] = state_name(states[i]);
    if (!outcomes[i].warnings.empty()) file["warnings"] = outcomes[i].warnings;
    files.push_back(std::move(file));
  }
  if (batch.summarise) batch.summarise(json, outcomes);
  for (const State state : {State::done, State::skipped, State::failed})
    json[state_name(state)] = std::count(states.begin(), states.end(), state);
  json["files"] = std::move(files);
  json["timings_ms"] = {{"total", total_ms}};
  add_load(json, batch.load_ms);
  return json;
}

void run_all(const Batch& batch, const std::vector<Job>& jobs, const BatchOptions& options, bool text, bool quiet,
             std::vector<Outcome>& outcomes, std::vector<State>& states) {
  Progress progress(batch.verb, jobs.size(), "picture", quiet);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++) {
      outcomes[i].stage = [&progress](const std::string& name) { progress.stage(name); };
      std::string failure;
      states[i] = run_one(jobs[i], outcomes[i], failure);
      for (const std::string& warning : outcomes[i].warnings) progress.print(stderr, "hairline: warning: " + warning);
      if (states[i] == State::failed) progress.print(stderr, "hairline: " + failure);
      if (text && states[i] == State::done && !outcomes[i].line.empty()) progress.print(stdout, outcomes[i].line);
      progress.step();
    }
  };
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < std::min<std::size_t>(static_cast<std::size_t>(options.jobs), jobs.size()); ++i)
    detail::start_elsewhere(helpers.emplace_back(work));
  work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace

int run_batch(const Batch& batch, const std::vector<Job>& jobs, const CommonOptions& common,
              const BatchOptions& options) {
  const Stopwatch watch;
  std::vector<Outcome> outcomes(jobs.size());
  std::vector<State> states(jobs.size(), State::failed);
  const bool text = !common.quiet && common.json != "-" && !batch.standard_output_taken;
  run_all(batch, jobs, options, text, common.quiet, outcomes, states);
  const auto count = [&](State s) { return std::count(states.begin(), states.end(), s); };
  const auto failed = count(State::failed), skipped = count(State::skipped);
  if (batch.several && failed > 0) {
    print_error(std::to_string(failed) + " of " + std::to_string(jobs.size()) + " files failed:");
    for (std::size_t i = 0; i < jobs.size(); ++i)
      if (states[i] == State::failed) std::fputs(("  " + jobs[i].name + "\n").c_str(), stderr);
  }
  if (batch.several && text)
    std::printf("%ld done, %ld skipped, %ld failed in %s\n", static_cast<long>(count(State::done)),
                static_cast<long>(skipped), static_cast<long>(failed), duration_string(watch.total_ms() / 1e3).c_str());
  if (batch.finish) batch.finish(outcomes);
  write_json(batch_json(batch, outcomes, states, watch.total_ms()), common);
  return failed > 0 ? exit_files_failed : exit_done;
}

}  // namespace hairline::tool
