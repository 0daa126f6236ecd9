// The hairline command. Each verb has a source of its own; this file parses and turns errors into exit codes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch.hpp"
#include "exit_code.hpp"
#include "hairline/core/version.hpp"
#include "memory.hpp"
#include "staged.hpp"
#include "verbs.hpp"
#include "wrong_use.hpp"

namespace {

const char* const footer =
    "Exit codes: 0 done (a solver that stopped at its limit warns), 1 some files failed (listed), 2 wrong use,\n"
    "            3 device or weights missing, 4 verification failed\n"
    "Examples:\n"
    "  hairline matte photo.png alpha.png --trimap trimap.png --foreground colour.png\n"
    "  hairline matte photo.png alpha.png --background empty.png --over beach.jpg --composite result.png\n"
    "  hairline eval alpha.png truth.png --trimap trimap.png --json\n"
    "  hairline VERB --help shows a verb's options and examples";

// One line that begins like every other error; CLI11's texts may span several.
int wrong_use(const CLI::App& app, const std::string& text) {
  std::string verb;
  for (const CLI::App* sub : app.get_subcommands()) verb = sub->get_name() + " ";
  std::string line;
  for (const char c : text) line += c == '\n' ? ' ' : c;
  hairline::tool::print_error(line + " (see hairline " + verb + "--help)");
  return hairline::tool::exit_wrong_use;
}

// All verbs; or only the one that is asked for, as describing every option of them all takes longer than a small
// picture.
void add_verbs(CLI::App& app, hairline::tool::Action& action, std::string_view asked) {
  using namespace hairline::tool;
  static constexpr std::pair<std::string_view, void (*)(CLI::App&, Action&)> verbs[] = {
      {"matte", add_matte},     {"foreground", add_foreground}, {"composite", add_composite}, {"trimap", add_trimap},
      {"eval", add_eval},       {"compare", add_compare},       {"info", add_info},           {"net", add_net},
      {"weights", add_weights}, {"bench", add_bench},           {"synth", add_synth}};
  const bool one = std::any_of(std::begin(verbs), std::end(verbs), [&](const auto& v) { return v.first == asked; });
  for (const auto& [name, add] : verbs)
    if (!one || name == asked) add(app, action);
}

// The first argument, if it should be a verb and is none.
std::string unknown_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  std::string known;
  for (const CLI::App* sub : app.get_subcommands({})) {
    if (sub->get_name() == argv[1]) return {};
    known += (known.empty() ? std::string() : std::string(", ")).append(sub->get_name());
  }
  return std::string("unknown verb '").append(argv[1]).append("', wanted one of ").append(known);
}

// `bench ... --json -` means the same as `--json`: a lone dash is no option's value to CLI11. (Other verbs take it as a
// picture.)
std::vector<char*> arguments(int argc, char** argv) {
  std::vector<char*> kept;
  const bool bench = argc > 1 && std::string_view(argv[1]) == "bench";
  for (int i = 0; i < argc; ++i) {
    kept.push_back(argv[i]);
    if (bench && std::string_view(argv[i]) == "--json" && i + 1 < argc && std::string_view(argv[i + 1]) == "-") ++i;
  }
  return kept;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace hairline::tool;
  keep_freed_memory();
  remove_temporaries_on_signals();
  CLI::App app("hairline: a picture in, an alpha out.", "hairline");
  app.set_version_flag("--version", std::string("hairline ") + HAIRLINE_VERSION_STRING);
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default();
  app.footer(footer);
  Action action;
  add_verbs(app, action, argc > 1 ? argv[1] : "");
  try {
    std::vector<char*> given = arguments(argc, argv);
    app.parse(static_cast<int>(given.size()), given.data());
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(e);
    const std::string verb = unknown_verb(app, argc, argv);
    return wrong_use(app, verb.empty() ? e.what() : verb);
  }
  try {
    return guarded(action);
  } catch (const WrongUse& e) {
    return wrong_use(app, e.what());
  } catch (const NotAvailable& e) {
    print_error(e.what());
    return exit_not_available;
  }
}
