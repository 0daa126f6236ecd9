#pragma once
#include <functional>

namespace CLI {
class App;
}

namespace hairline::tool {

/// What main runs after parsing: set by the verb that was named; returns an ExitCode.
using Action = std::function<int()>;

void add_matte(CLI::App& app, Action& action);
void add_foreground(CLI::App& app, Action& action);
void add_composite(CLI::App& app, Action& action);
void add_trimap(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_net(CLI::App& app, Action& action);
void add_weights(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_synth(CLI::App& app, Action& action);

}  // namespace hairline::tool
