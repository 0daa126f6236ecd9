#include "paths.hpp"

#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <utility>

#include "job_error.hpp"
#include "picture_files.hpp"
#include "wrong_use.hpp"

namespace hairline::tool {

namespace fs = std::filesystem;

namespace {

bool is_picture_name(const fs::path& path) {
  static constexpr std::array<std::string_view, 7> known{".png", ".jpg", ".jpeg", ".bmp", ".tga", ".exr", ".jpe"};
  std::string e = path.extension().string();
  std::transform(e.begin(), e.end(), e.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(known.begin(), known.end(), e) != known.end() && path.filename().string()[0] != '.';
}

std::vector<std::string> pictures_in(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> files;
  fs::directory_iterator entries(folder, error);
  if (error) throw JobError(folder, "cannot be listed: " + error.message());
  for (const auto& entry : entries)
    if (is_picture_name(entry.path()) && entry.is_regular_file(error)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  if (files.empty()) throw JobError(folder, "wanted a folder with pictures (png, jpg, bmp, tga, exr), given none");
  return files;
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  const int status = glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files;
  std::error_code error;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i)
    if (!fs::is_directory(found.gl_pathv[i], error)) files.emplace_back(found.gl_pathv[i]);
  globfree(&found);
  if (files.empty()) throw JobError(pattern, "wanted a pattern that matches files, given one that matches none");
  return files;
}

bool is_glob(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

}  // namespace

Inputs expand_inputs(const std::string& argument) {
  std::error_code error;
  if (argument != "-") {
    if (fs::is_directory(argument, error)) return {pictures_in(argument), true};
    // A file whose name holds a bracket is a file all the same.
    if (!fs::exists(argument, error) && is_glob(argument)) return {matches(argument), true};
  }
  return {{argument}, false};
}

void check_streams(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                   const CommonOptions& common) {
  const auto dashes = [](const std::vector<std::string>& names) { return std::count(names.begin(), names.end(), "-"); };
  if (dashes(inputs) > 1) throw WrongUse{"standard input ('-') can be read once only"};
  if (dashes(outputs) + (common.json == "-" ? 1 : 0) > 1)
    throw WrongUse{"standard output ('-') takes one result, or the JSON object, not both"};
}

std::string stem(const std::string& path) { return path == "-" ? "stdin" : fs::path(path).stem().string(); }

Partner::Partner(std::string argument, std::string what, bool several_pictures)
    : argument_(std::move(argument)), what_(std::move(what)) {
  if (argument_.empty()) return;
  Inputs inputs = expand_inputs(argument_);
  fixed_ = !inputs.several;
  if (!fixed_ && !several_pictures && inputs.files.size() > 1 && is_glob(argument_))
    throw JobError(argument_, "wanted one " + what_ + " for one picture, given a pattern that matches " +
                                  std::to_string(inputs.files.size()));
  files_ = std::move(inputs.files);
}

std::string Partner::of(const std::string& picture) const {
  if (!given() || fixed_) return argument_;
  const std::string wanted = stem(picture);
  for (const std::string& file : files_)
    if (stem(file) == wanted) return file;
  throw JobError(picture, "wanted a " + what_ + " named '" + wanted + "' in '" + argument_ + "', given none");
}

std::string Place::of(const std::string& picture) const {
  if (!given() || !several_) return argument_;
  if (is_pattern()) {
    std::string place = argument_;
    const std::size_t star = place.rfind('*');
    return place.replace(star, 1, stem(picture));
  }
  return (fs::path(argument_) / (stem(picture) + ".png")).string();
}

std::string Place::wrong() const {
  if (!given()) return {};
  if (several_ && argument_ == "-") return "standard output ('-') takes the result of one picture, not of several";
  if (several_ && !is_pattern()) {
    if (known_output(argument_) || argument_.rfind("/dev/", 0) == 0)
      return "'" + argument_ + "' names one file; several pictures need a folder, or a pattern such as 'out/*.png'";
    return {};
  }
  if (std::count(argument_.begin(), argument_.end(), '*') > 1 && several_)
    return "'" + argument_ + "' holds more than one *";
  std::error_code error;
  if (!known_output(argument_) && !fs::is_directory(argument_, error))
    return "'" + argument_ + "' is no output this command can write, wanted a name ending in .png or .exr, or '-'";
  return {};
}

void Place::make_folder() const {
  if (!given() || !several_) return;
  const fs::path folder = is_pattern() ? fs::path(argument_).parent_path() : fs::path(argument_);
  if (folder.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw JobError(folder.string(), "cannot be made a folder: " + error.message());
}

void Claims::check(const std::string& place, const std::string& picture, const std::vector<std::string>& inputs) const {
  const auto owner = owners_.find(place);
  if (owner != owners_.end() && owner->second != picture)
    throw JobError(picture, "wanted an output of its own, given '" + place + "', which " + owner->second + " has");
  std::error_code error;
  if (!fs::is_regular_file(place, error)) return;
  for (const std::string& input : inputs)
    if (fs::equivalent(place, input, error) && !error)
      throw JobError(place, "wanted an output that is not an input too");
}

}  // namespace hairline::tool
