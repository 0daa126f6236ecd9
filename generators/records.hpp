#pragma once
#include <map>
#include <string>

/// The schedule knobs for a kernel at a level.
struct Knobs {
  std::string record;                         // which record they came from; "default" if none
  std::string autoscheduler;                  // set instead of values if an autoscheduler shall choose
  std::map<std::string, std::string> values;  // GeneratorParams
};

/// Looks a record up: a JSON file below `folder` with that kernel, target and name. Several files may hold records,
/// each file a list. Names of autoschedulers are taken as such.
/// @throws std::runtime_error if a file is no list of records
Knobs find_knobs(const std::string& folder, const std::string& kernel, const std::string& level,
                 const std::string& name);
