#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "batch.hpp"

namespace hairline::tool {

/// One IN argument spelled out: a file, "-", the pictures of a folder, or what a glob pattern matches.
struct Inputs {
  std::vector<std::string> files;  ///< sorted by name
  bool several = false;            ///< decided by the argument's form, not by how many files there are
};

/// Throws JobError for a folder without pictures or a pattern without matches. A missing plain file is no error here:
/// the job that reads it reports it.
Inputs expand_inputs(const std::string& argument);

/// Throws WrongUse if standard input is to be read twice, or standard output is to take two things.
void check_streams(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                   const CommonOptions& common);

/// File name without folder and last extension; "-" is "stdin".
std::string stem(const std::string& path);

/// The file that belongs to a picture: the argument itself if it is a file, else the one of the folder or pattern
/// whose stem is the same. Throws JobError about `picture` if there is none.
class Partner {
 public:
  Partner() = default;
  /// @param what how error texts call it: "trimap"
  Partner(std::string argument, std::string what, bool several_pictures);
  bool given() const { return !argument_.empty(); }
  std::string of(const std::string& picture) const;

 private:
  std::string argument_, what_;
  bool fixed_ = true;
  std::vector<std::string> files_;
};

/// Where a result goes: for one picture the argument itself; for several a folder (made if it is missing; PNG) or a
/// pattern whose * stands for the picture's stem: "out/*_fg.exr".
class Place {
 public:
  Place() = default;
  Place(std::string argument, bool several_pictures) : argument_(std::move(argument)), several_(several_pictures) {}
  bool given() const { return !argument_.empty(); }
  /// Empty if not given.
  std::string of(const std::string& picture) const;
  /// Why this cannot be a place for results, judged by the text alone; empty if it can.
  std::string wrong() const;
  /// Makes the folder, if several pictures need one. Throws JobError.
  void make_folder() const;

 private:
  bool is_pattern() const { return several_ && argument_.find('*') != std::string::npos; }
  std::string argument_;
  bool several_ = false;
};

/// Which picture of a run each place belongs to, so that two pictures of one name do not overwrite each other.
class Claims {
 public:
  /// The first picture to claim a place has it.
  void claim(const std::string& place, const std::string& picture) { owners_.emplace(place, picture); }
  /// Throws JobError if the place belongs to another picture, or is one of the inputs.
  void check(const std::string& place, const std::string& picture, const std::vector<std::string>& inputs) const;

 private:
  std::map<std::string, std::string> owners_;
};

}  // namespace hairline::tool
