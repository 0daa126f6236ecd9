#include "library.hpp"

#include <Halide.h>
#include <HalideRuntime.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "lowering/family.hpp"
#include "records.hpp"

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string library, kernels, record = "default", features, linker = "ld";
  std::vector<std::string> levels;
  fs::path cache, out;
  unsigned jobs = 0;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, at);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (i + 1 >= argc) throw std::runtime_error(flag + " wants a value");
    const std::string value = argv[++i];
    if (flag == "--library")
      o.library = value;
    else if (flag == "--kernels")
      o.kernels = value;
    else if (flag == "--levels")
      o.levels = split(value, ',');
    else if (flag == "--record")
      o.record = value;
    else if (flag == "--features")
      o.features = value;
    else if (flag == "--jobs")
      o.jobs = static_cast<unsigned>(std::stoul(value));
    else if (flag == "--cache")
      o.cache = value;
    else if (flag == "--linker")
      o.linker = value;
    else if (flag == "-o")
      o.out = value;
    else
      throw std::runtime_error("unknown option " + flag);
  }
  if (o.levels.empty() || o.cache.empty() || o.out.empty())
    throw std::runtime_error("--levels, --cache and -o are needed");
  if (o.jobs == 0) o.jobs = std::max(1u, std::thread::hardware_concurrency());
  return o;
}

std::vector<KernelSpec> kernels_of(const std::string& library) {
  if (library == "image_ops") return image_ops();
  if (library == "refiner_ops") return refiner_ops();
  if (library == "conv_cases") return conv_cases();
  if (library == "conv_cases_bf16") return conv_cases_bf16();
  if (library == "conv_cases_half") return conv_cases_half();
  if (library == "conv_cases_amx") return conv_cases_amx();
  if (library == "device_cases") return device_cases();
  throw std::runtime_error("no library is called '" + library +
                           "': known are image_ops, refiner_ops, conv_cases, conv_cases_bf16, conv_cases_half, "
                           "conv_cases_amx, device_cases");
}

/// The kernels of a list that a network's program wrote, for processors or for devices.
std::vector<KernelSpec> read_kernels(const std::string& path, bool device) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::vector<KernelSpec> kernels;
  // What a lowering may include besides its own file.
  std::vector<std::string> shared = {"../include/hairline/kernels/winograd.hpp"};
  for (const auto& entry : fs::directory_iterator(fs::path(HAIRLINE_GENERATORS) / "lowering"))
    if (entry.path().extension() == ".hpp") shared.push_back("lowering/" + entry.path().filename().string());
  std::sort(shared.begin(), shared.end());
  for (const auto& item : nlohmann::json::parse(in)) {
    if (item.at("devices_only").get<bool>() && !device) continue;
    KernelSpec spec{item.at("name"), item.at("generator"),       item.at("constants"),
                    shared,          item.value("block", false), item.value("within", std::vector<std::string>{})};
    std::string file = "lowering/" + spec.generator.substr(std::string("hairline_").size()) + ".cpp";
    if (!fs::exists(fs::path(HAIRLINE_GENERATORS) / file)) file = "lowering/small_layers.cpp";
    spec.sources.push_back(file);
    if (spec.generator == "hairline_conv2d") spec.sources.push_back("lowering/conv2d_winograd.cpp");
    kernels.push_back(std::move(spec));
  }
  return kernels;
}

struct Level {
  const char *name, *suffix, *features, *value;
  const char* llvm = "";  // further options of LLVM's
  /// A level whose machines are among those of another: in a library that has both, a kernel without a schedule record
  /// for this one is the other's.
  const char* within = "";
};
// Whole chains: target strings do not expand what a feature implies. Never "host".
constexpr Level all_levels[] = {
    {"x86-64", "x86_64", "", "KernelTarget::x86_64"},
    {"avx2", "avx2", "-sse41-avx-f16c-fma-avx2", "KernelTarget::avx2"},
    {"avx512", "avx512", "-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake", "KernelTarget::avx512"},
    // The feature's processor is one of AMD's. Of what AMD's alone execute, LLVM puts in insertq, where it makes
    // vectors of scalars; it is told not to, and a test looks for such instructions.
    {"avx512_bf16", "avx512_bf16", "-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4",
     "KernelTarget::avx512_bf16", "-vectorize-slp=false"},
    // Sapphire Rapids and later.
    {"avx512_amx", "avx512_amx",
     "-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake-avx512_cannonlake-avx512_zen4-avx512_sapphirerapids",
     "KernelTarget::avx512_amx", "", "avx512_bf16"},
    {"opencl", "opencl", "-opencl-cl_doubles", "KernelTarget::opencl"},
    {"cuda", "cuda", "-cuda-cuda_capability_80", "KernelTarget::cuda"},
};

const Level& level_named(const std::string& name) {
  for (const Level& level : all_levels)
    if (name == level.name) return level;
  throw std::runtime_error("no level is called '" + name +
                           "': known are x86-64, avx2, avx512, avx512_bf16, avx512_amx, opencl, cuda");
}

std::string target_of(const Level& level, const Options& o) {
  return std::string("x86-64-linux") + level.features + "-user_context-no_runtime" +
         (o.features.empty() ? "" : "-" + o.features);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const fs::path& path, const std::string& text) {
  if (fs::exists(path) && read_file(path) == text) return;  // leaves the time stamp alone
  std::ofstream out(path, std::ios::binary);
  if (!(out << text)) throw std::runtime_error("cannot write " + path.string());
}

/// FNV-1a; it only names things. What a cache entry is for is kept beside it in full and compared.
std::string hash(const std::string& text) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3;
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(h));
  return hex;
}

/// One object to be compiled.
struct Job {
  KernelSpec spec;
  const Level* level;     // that it is listed for
  const Level* compiled;  // the same, or the level that this one takes it from
  std::string symbol, target;
  Knobs knobs;
  std::string key;  // everything that the object depends on
  fs::path folder;  // of the cache
  fs::path object() const { return folder / (symbol + ".o"); }
  fs::path ptx() const { return folder / (symbol + ".ptx"); }
  bool cuda() const { return std::string(level->name) == "cuda"; }
  bool cached() const {
    return fs::exists(folder / "key.txt") && fs::exists(object()) && (!cuda() || fs::exists(ptx())) &&
           read_file(folder / "key.txt") == key;
  }
};

std::string halide_version() {
  return std::to_string(HALIDE_VERSION_MAJOR) + "." + std::to_string(HALIDE_VERSION_MINOR) + "." +
         std::to_string(HALIDE_VERSION_PATCH);
}

Knobs knobs_of(const KernelSpec& spec, const Level& level, const Options& o) {
  return find_knobs(std::string(HAIRLINE_GENERATORS) + "/schedules", spec.name, level.name, o.record);
}

/// The kernels that a level has: blocks where a record says so, and what is not done by these.
std::vector<KernelSpec> chosen_kernels(const std::vector<KernelSpec>& all, const Level& level, const Options& o) {
  std::set<std::string> blocks;
  for (const KernelSpec& spec : all) {
    if (!spec.block) continue;
    const Knobs knobs = knobs_of(spec, level, o);
    const auto fused = knobs.values.find("fused");
    if (fused != knobs.values.end() && fused->second == "true") blocks.insert(spec.name);
  }
  std::vector<KernelSpec> chosen;
  for (const KernelSpec& spec : all) {
    const auto have = [&](const std::string& block) { return blocks.count(block) > 0; };
    const auto done = [&](const std::string& use) {  // by any of the blocks named
      const std::vector<std::string> names = split(use, ' ');
      return std::any_of(names.begin(), names.end(), have);
    };
    const bool needless = !spec.within.empty() && std::all_of(spec.within.begin(), spec.within.end(), done);
    if (spec.block ? have(spec.name) : !needless) chosen.push_back(spec);
  }
  return chosen;
}

Job make_job(KernelSpec spec, const Level& level, const Options& o) {
  Knobs knobs = knobs_of(spec, level, o);
  knobs.values.erase("fused");
  if (const auto other = knobs.values.find("generator"); other != knobs.values.end()) {
    spec.generator = other->second;  // another form of the same computation
    knobs.values.erase(other);
    const std::string file = "lowering/" + spec.generator.substr(std::string("hairline_").size()) + ".cpp";
    if (std::find(spec.sources.begin(), spec.sources.end(), file) == spec.sources.end()) spec.sources.push_back(file);
  }
  if (std::string(level.name) == "opencl")  // half floats are the bits of one there: see activations::half
    for (auto& [param, value] : spec.params)
      if (value == "float16") value = "uint16";
  // One program may link the same kernel by two records.
  std::string record = o.record == "default" ? "" : "_" + o.record;
  for (char& c : record) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  Job job{spec, &level, &level, "hairline_" + spec.name + "__" + level.suffix + record, target_of(level, o),
          {},   {},     {}};
  job.knobs = std::move(knobs);
  std::stringstream key;
  key << "symbol " << job.symbol << "\ngenerator " << job.spec.generator << "\ntarget " << job.target << "\nhalide "
      << halide_version() << "\nautoscheduler " << job.knobs.autoscheduler << "\n";
  if (*level.llvm != 0) key << "llvm " << level.llvm << "\n";
  for (const auto& [k, v] : spec.params) key << "param " << k << "=" << v << "\n";
  for (const auto& [k, v] : job.knobs.values) key << "knob " << k << "=" << v << "\n";
  for (const std::string& file : spec.sources)
    key << "source " << file << " " << hash(read_file(fs::path(HAIRLINE_GENERATORS) / file)) << "\n";
  job.key = key.str();
  job.folder = o.cache / hash(job.key);
  return job;
}

/// All kernels that the wanted levels list; some objects may serve two levels.
std::vector<Job> make_jobs(const std::vector<KernelSpec>& kernels, const Options& o) {
  std::vector<Job> jobs;
  for (const std::string& name : o.levels) {
    const Level& level = level_named(name);
    const bool shares = std::find(o.levels.begin(), o.levels.end(), level.within) != o.levels.end();
    for (const KernelSpec& spec : chosen_kernels(kernels, shares ? level_named(level.within) : level, o)) {
      if (shares && knobs_of(spec, level, o).values.empty()) {
        jobs.push_back(make_job(spec, level_named(level.within), o));
        jobs.back().level = &level;
      } else {
        jobs.push_back(make_job(spec, level, o));
      }
    }
  }
  return jobs;
}

void load_autoscheduler(const std::string& name) {
  Dl_info info{};
  dladdr(reinterpret_cast<void*>(&Halide::load_plugin), &info);
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  Halide::load_plugin((fs::path(info.dli_fname).parent_path() / ("libautoschedule_" + lower + ".so")).string());
}

/// Warnings are shown but one: Halide warns of every bfloat16 cast, as rounding to it is done by integer instructions.
/// Products are the machine's own; tests look for them in the objects.
struct Reporter : Halide::CompileTimeErrorReporter {
  void warning(const char* text) override {
    if (std::string(text).find("float16 type operation is emulated") == std::string::npos) std::cerr << text;
  }
  void error(const char* text) override { throw std::runtime_error(text); }
};

void compile(const Job& job) {
  using namespace Halide;
  static Reporter reporter;
  set_custom_compile_time_error_reporter(&reporter);
  if (*job.compiled->llvm != 0) ::setenv("HL_LLVM_ARGS", job.compiled->llvm, 1);  // this process compiles one kernel
  AutoschedulerParams automatic;
  if (!job.knobs.autoscheduler.empty()) {
    load_autoscheduler(job.knobs.autoscheduler);
    automatic = AutoschedulerParams(job.knobs.autoscheduler);
  }
  auto generator =
      Internal::GeneratorRegistry::create(job.spec.generator, GeneratorContext(Target(job.target), automatic));
  if (!generator) throw std::runtime_error("no generator is called " + job.spec.generator);
  for (const auto& [name, value] : job.spec.params) generator->set_generatorparam_value(name, value);
  for (const auto& [name, value] : job.knobs.values) generator->set_generatorparam_value(name, value);
  // Libraries that are made at the same time may want the same kernel.
  const fs::path partial = job.folder / ("partial_" + std::to_string(::getpid()) + ".o");
  std::map<OutputFileType, std::string> outputs = {{OutputFileType::object, partial.string()}};
  // What the object holds for the device's assembler, for scripts/ptxas_table.py.
  if (job.cuda()) outputs[OutputFileType::device_code] = job.ptx().string();
  generator->build_module(job.symbol).compile(outputs);
  fs::rename(partial, job.object());
  write_file(job.folder / "key.txt", job.key);
}

/// A process per kernel: nothing of one compilation can reach into another, and memory goes back.
void compile_all(const std::vector<Job>& jobs, unsigned at_once) {
  std::map<pid_t, const Job*> running;
  std::vector<std::string> failed;
  const auto wait_one = [&] {
    int status = 0;
    const pid_t pid = ::wait(&status);
    const auto found = running.find(pid);
    if (found == running.end()) return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) failed.push_back(found->second->symbol);
    running.erase(found);
  };
  for (const Job& job : jobs) {
    while (running.size() >= at_once) wait_one();
    if (!failed.empty()) break;
    fs::create_directories(job.folder);
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid == 0) {
      int code = 0;
      try {
        compile(job);
      } catch (const std::exception& e) {
        std::cerr << job.symbol << " (" << job.target << "): " << e.what() << std::endl;
        code = 1;
      }
      ::_exit(code);
    }
    running[pid] = &job;
  }
  while (!running.empty()) wait_one();
  if (!failed.empty()) throw std::runtime_error("kernels that did not compile, first: " + failed.front());
}

void join_objects(const std::vector<Job>& jobs, const Options& o, const fs::path& to) {
  const fs::path response = o.out / (o.library + "_objects.rsp"), partial = to.string() + ".partial";
  std::set<std::string> objects;
  for (const Job& job : jobs) objects.insert(job.object().string());
  std::string list;
  for (const std::string& object : objects) list += "\"" + object + "\"\n";
  write_file(response, list);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string arg = "@" + response.string();
    ::execlp(o.linker.c_str(), o.linker.c_str(), "-r", "-o", partial.c_str(), arg.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(o.linker + " could not join the objects");
  fs::rename(partial, to);
}

std::string table(std::vector<Job> jobs, const Options& o) {
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    return a.spec.name != b.spec.name ? a.spec.name < b.spec.name : a.level < b.level;
  });
  std::stringstream s;
  s << "// Written by hairline_gen --library " << o.library << ".\n#include \"hairline/kernels/library.hpp\"\n\n"
    << "using namespace hairline::kernels;\nextern \"C\" {\n"
    << "int hairline_kernels_call(int (*)(void**), void**, const DeviceQueue*, char*, std::size_t);\n"
    << "int hairline_kernels_allocate(Buffer*, const DeviceQueue*, char*, std::size_t);\n"
    << "int hairline_kernels_wrap(Buffer*, const DeviceQueue*, std::uint64_t, char*, std::size_t);\n"
    << "std::uint64_t hairline_kernels_native(Buffer*, const DeviceQueue*);\n"
    << "int hairline_kernels_to_device(Buffer*, const DeviceQueue*, char*, std::size_t);\n"
    << "int hairline_kernels_synchronize(Buffer*, const DeviceQueue*, char*, std::size_t);\n"
    << "int hairline_kernels_to_host(Buffer*, const DeviceQueue*, char*, std::size_t);\n"
    << "void hairline_kernels_release(Buffer*, const DeviceQueue*, bool);\n"
    << "int hairline_kernels_forget(const DeviceQueue*, char*, std::size_t);\n";
  std::set<std::string> symbols;
  for (const Job& job : jobs) symbols.insert(job.symbol);
  for (const std::string& symbol : symbols) s << "int " << symbol << "_argv(void**);\n";
  s << "extern const Library hairline_kernels_" << o.library << ";\n}\n\nnamespace {\nconst Kernel kernels[] = {\n";
  for (const Job& job : jobs)
    s << "    {\"" << job.spec.name << "\", " << job.level->value << ", " << job.symbol << "_argv},\n";
  s << "};\n}\n\nconst Library hairline_kernels_" << o.library << " = {\n    library_version, \"" << o.library
    << "\", \"" << halide_version() << "\", kernels, " << jobs.size()
    << ", hairline_kernels_call, hairline_kernels_allocate, hairline_kernels_wrap, hairline_kernels_native, "
       "hairline_kernels_to_device, hairline_kernels_synchronize, hairline_kernels_to_host, hairline_kernels_release, "
       "hairline_kernels_forget};\n";
  return s.str();
}

std::string manifest(const std::vector<Job>& jobs) {
  nlohmann::json list = nlohmann::json::array();
  for (const Job& job : jobs) {
    list.push_back({{"kernel", job.spec.name},
                    {"level", job.level->name},
                    {"symbol", job.symbol},
                    {"target", job.target},
                    {"generator", job.spec.generator},
                    {"params", job.spec.params},
                    {"record", job.knobs.record},
                    {"knobs", job.knobs.values}});
    if (job.cuda()) list.back()["ptx"] = job.ptx().string();
  }
  return list.dump(1) + "\n";
}

}  // namespace

int library_main(int argc, char** argv) {
  try {
    Options o = parse(argc, argv);
    // OpenCL code of one library and CPU code of another in one program share a runtime; so it is the same everywhere.
    const bool device =
        std::any_of(o.levels.begin(), o.levels.end(), [](auto& l) { return l == "opencl" || l == "cuda"; });
    o.library += device ? "_" + o.levels.front() : "";
    const std::string list_name = device ? o.library.substr(0, o.library.rfind('_')) : o.library;
    const std::vector<KernelSpec> kernels = o.kernels.empty() ? kernels_of(list_name) : read_kernels(o.kernels, device);
    const std::vector<Job> jobs = make_jobs(kernels, o);
    std::vector<Job> missing;
    std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(missing),
                 [](const Job& job) { return job.level == job.compiled && !job.cached(); });
    fs::create_directories(o.cache);
    fs::create_directories(o.out);
    compile_all(missing, o.jobs);
    join_objects(jobs, o, o.out / (o.library + "_kernels.o"));
    Halide::compile_standalone_runtime(
        (o.out / (o.library + "_runtime.o")).string(),
        Halide::Target("x86-64-linux-opencl-cuda-user_context" + (o.features.empty() ? "" : "-" + o.features)));
    write_file(o.out / (o.library + "_table.cpp"), table(jobs, o));
    write_file(o.out / (o.library + "_manifest.json"), manifest(jobs));
    std::cout << o.library << ": " << jobs.size() << " kernels, " << missing.size() << " compiled, "
              << jobs.size() - missing.size() << " from the cache" << std::endl;
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "hairline_gen: " << e.what() << std::endl;
    return 1;
  }
}
