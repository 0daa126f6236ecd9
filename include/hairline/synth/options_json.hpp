#pragma once
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "hairline/core/result.hpp"
#include "hairline/synth/scene_options.hpp"

namespace hairline::synth {

namespace detail {
struct JsonField {
  const char* name;
  float* value;
};

// Fills the named numbers; what is not named is an error that lists what there is.
inline std::string read_fields(const nlohmann::json& json, const std::string& where,
                               std::initializer_list<JsonField> fields, std::initializer_list<const char*> elsewhere) {
  if (!json.is_object()) return where + " wants an object, given " + std::string(json.type_name());
  for (const auto& [key, value] : json.items()) {
    bool known = false;
    for (const char* name : elsewhere) known = known || key == name;
    std::string names;
    for (const JsonField& f : fields) {
      names += std::string(names.empty() ? "" : ", ") + f.name;
      if (key != f.name) continue;
      if (!value.is_number()) return where + "." + key + " wants a number, given " + value.dump();
      *f.value = value.get<float>();
      if (!(*f.value >= 0)) return where + "." + key + " wants a number from 0, given " + value.dump();
      known = true;
    }
    if (!known) {
      for (const char* name : elsewhere) names += std::string(", ") + name;
      return where + " has no '" + key + "', wanted one of " + names;
    }
  }
  return {};
}
}  // namespace detail

/// Folders that a scene's JSON names; reading them is the caller's business, as headers here touch no files.
struct GivenFolders {
  std::string foregrounds, alphas, backgrounds;
};
struct JsonScene {
  SceneOptions options;
  GivenFolders folders;
};

namespace detail {
// All numbers but the size; jpeg_low and jpeg_high are whole in the options.
inline std::string read_numbers(const nlohmann::json& json, SceneOptions& o) {
  std::string wrong =
      detail::read_fields(json, "the top",
                          {{"empty", &o.empty},
                           {"several", &o.several},
                           {"camouflage", &o.camouflage},
                           {"motion_blur", &o.motion_blur},
                           {"defocus", &o.defocus},
                           {"difficulty", &o.difficulty},
                           {"given_share", &o.given_share}},
                          {"height", "width", "kinds", "plate", "camera", "foregrounds", "alphas", "backgrounds"});
  const auto object = [&](const char* name) { return json.contains(name) ? json[name] : nlohmann::json::object(); };
  KindWeights& k = o.kinds;
  if (wrong.empty())
    wrong = detail::read_fields(object("kinds"), "kinds",
                                {{"person", &k.person},
                                 {"animal", &k.animal},
                                 {"foliage", &k.foliage},
                                 {"net", &k.net},
                                 {"glass", &k.glass},
                                 {"smoke", &k.smoke},
                                 {"seeds", &k.seeds},
                                 {"thing", &k.thing}},
                                {});
  PlateShotOptions& p = o.plate;
  if (wrong.empty())
    wrong = detail::read_fields(object("plate"), "plate",
                                {{"aligned", &p.aligned},
                                 {"shift", &p.shift},
                                 {"rotation", &p.rotation},
                                 {"zoom", &p.zoom},
                                 {"far_off", &p.far_off},
                                 {"far_factor", &p.far_factor},
                                 {"gain", &p.gain},
                                 {"channel_gain", &p.channel_gain},
                                 {"gamma", &p.gamma},
                                 {"offset", &p.offset},
                                 {"light", &p.light},
                                 {"light_strength", &p.light_strength},
                                 {"moved", &p.moved},
                                 {"moved_pixels", &p.moved_pixels},
                                 {"shadow", &p.shadow},
                                 {"shadow_strength", &p.shadow_strength}},
                                {});
  CameraOptions& c = o.camera;
  float low = static_cast<float>(c.jpeg_low), high = static_cast<float>(c.jpeg_high);
  if (wrong.empty())
    wrong = detail::read_fields(object("camera"), "camera",
                                {{"noise", &c.noise},
                                 {"blur", &c.blur},
                                 {"sharpen", &c.sharpen},
                                 {"vignette", &c.vignette},
                                 {"jpeg", &c.jpeg},
                                 {"jpeg_low", &low},
                                 {"jpeg_high", &high}},
                                {});
  if (!wrong.empty()) return wrong;
  if (!(low >= 1 && high >= low && high <= 100)) return "camera.jpeg_low and jpeg_high want 1 <= low <= high <= 100";
  c.jpeg_low = static_cast<int>(low);
  c.jpeg_high = static_cast<int>(high);
  return {};
}

inline std::string read_size_and_folders(const nlohmann::json& json, JsonScene& s) {
  for (const auto& [name, size] : {std::pair{"height", &s.options.height}, std::pair{"width", &s.options.width}})
    if (json.contains(name)) {
      if (!json[name].is_number_integer())
        return std::string(name) + " wants a whole number, given " + json[name].dump();
      *size = json[name].get<int>();
    }
  for (const auto& [name, folder] :
       {std::pair{"foregrounds", &s.folders.foregrounds}, std::pair{"alphas", &s.folders.alphas},
        std::pair{"backgrounds", &s.folders.backgrounds}})
    if (json.contains(name)) {
      if (!json[name].is_string()) return std::string(name) + " wants a folder's name, given " + json[name].dump();
      *folder = json[name].get<std::string>();
    }
  return {};
}
}  // namespace detail

/// Scene options from JSON text: fields named as in SceneOptions, nested as there; "" means the defaults.
/// Errors: text that is no JSON, unknown names, values that are no numbers from 0; the text says which.
inline Result<JsonScene> scene_from_json(const std::string& text) {
  JsonScene s;
  if (text.empty()) return s;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  std::string wrong =
      json.is_discarded() ? "the text is no JSON: " + text.substr(0, 80) : detail::read_numbers(json, s.options);
  if (wrong.empty()) wrong = detail::read_size_and_folders(json, s);
  if (!wrong.empty()) return Error{ErrorCode::invalid_argument, "scene options: " + wrong};
  return s;
}

}  // namespace hairline::synth
