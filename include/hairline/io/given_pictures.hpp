#pragma once
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hairline/core/result.hpp"
#include "hairline/io/read.hpp"
#include "hairline/synth/scene_options.hpp"

namespace hairline::io {

namespace detail {
// The pictures of a folder by stem, sorted.
inline Result<std::map<std::string, std::string>> pictures_in(const std::string& folder) {
  std::error_code error;
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::string ext = entry.path().extension().string();
    std::transform(ext.begin(), ext.end(), ext.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* known : {".png", ".jpg", ".jpeg", ".bmp", ".tga", ".exr"})
      if (ext == known) found[entry.path().stem().string()] = entry.path().string();
  }
  if (error) return Error{ErrorCode::not_found, "cannot read the folder " + folder + ": " + error.message()};
  if (found.empty()) return Error{ErrorCode::not_found, "the folder " + folder + " holds no pictures"};
  return found;
}
}  // namespace detail

/// Reads the pictures that scenes are to be made from: foregrounds with the alphas of the same file stem, and
/// backgrounds; an empty name leaves that part procedural. Everything is kept in memory as float.
/// Errors: a folder without pictures, a foreground without alpha, sizes that differ; the text names the file.
inline Result<std::shared_ptr<const synth::Given>> read_given(const std::string& foregrounds, const std::string& alphas,
                                                              const std::string& backgrounds) {
  auto given = std::make_shared<synth::Given>();
  if (foregrounds.empty() != alphas.empty())
    return Error{ErrorCode::invalid_argument, "foregrounds and alphas are given together or not at all"};
  if (!foregrounds.empty()) {
    auto colours = detail::pictures_in(foregrounds);
    if (!colours) return colours.error();
    auto mattes = detail::pictures_in(alphas);
    if (!mattes) return mattes.error();
    for (const auto& [stem, file] : *colours) {
      const auto matte = mattes->find(stem);
      if (matte == mattes->end()) return Error{ErrorCode::not_found, file + " has no alpha of that name in " + alphas};
      auto colour = read_image(file);
      if (!colour) return colour.error();
      auto alpha = read_plane(matte->second);
      if (!alpha) return alpha.error();
      if (!colour->shape().same_pixels(alpha->shape()))
        return Error{ErrorCode::invalid_argument, matte->second + " has " + size_string(alpha->shape()) +
                                                      " pixels, wanted " + size_string(colour->shape()) +
                                                      ", the size of " + file};
      given->foregrounds.push_back(std::move(*colour));
      given->alphas.push_back(std::move(*alpha));
    }
  }
  if (!backgrounds.empty()) {
    auto files = detail::pictures_in(backgrounds);
    if (!files) return files.error();
    for (const auto& [stem, file] : *files) {
      auto picture = read_image(file);
      if (!picture) return picture.error();
      given->backgrounds.push_back(std::move(*picture));
    }
  }
  return std::shared_ptr<const synth::Given>(std::move(given));
}

}  // namespace hairline::io
