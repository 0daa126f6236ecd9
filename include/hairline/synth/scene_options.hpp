#pragma once
#include <memory>
#include <string>
#include <vector>

#include "hairline/core/image.hpp"
#include "hairline/synth/plate_shot.hpp"

namespace hairline::synth {

/// How common each kind of subject is; weights, not probabilities.
struct KindWeights {
  float person = 0.34f, animal = 0.26f, foliage = 0.07f, net = 0.06f, glass = 0.06f, smoke = 0.04f, seeds = 0.04f,
        thing = 0.13f;
};

/// Pictures of the user's own, shared by all scenes. Foregrounds and alphas belong together one by one.
struct Given {
  std::vector<Image<float>> foregrounds;  ///< (h, w, 3), straight colour
  std::vector<Plane> alphas;              ///< (h, w)
  std::vector<Image<float>> backgrounds;  ///< (h, w, 3)
};

/// What scenes are made of.
struct SceneOptions {
  int height = 256, width = 256;
  KindWeights kinds;
  float empty = 0.02f;        ///< probability of no subject at all
  float several = 0.16f;      ///< probability of two or three subjects
  float camouflage = 0.18f;   ///< probability that the subject takes colours from the plate behind it
  float motion_blur = 0.06f;  ///< probability
  float defocus = 0.2f;       ///< probability
  float difficulty = 1;       ///< scales the plate's and the camera's perturbations; 0 is none of them
  PlateShotOptions plate;
  CameraOptions camera;
  std::shared_ptr<const Given> given;  ///< nullptr: everything is procedural
  float given_share = 1;               ///< probability that given pictures are used where there are any
};

}  // namespace hairline::synth
