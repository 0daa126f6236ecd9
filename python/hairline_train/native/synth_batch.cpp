// Batches of procedural scenes for Python (ctypes): no files in between.
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "hairline/core/parallel.hpp"
#include "hairline/io/given_pictures.hpp"
#include "hairline/synth/options_json.hpp"
#include "hairline/synth/scene.hpp"

namespace {

using namespace hairline;

thread_local std::string last_error;

// The scenes of the last call, as neighbouring batches share textures and given pictures.
struct Kept {
  std::mutex mutex;
  std::string key;
  std::shared_ptr<const synth::Scenes> scenes;
};
Kept& kept() {
  static Kept k;
  return k;
}

// The pictures of a batch are freed and asked for again all the time; given back to the system, every page of them
// would have to be cleared anew, which took a fifth of the time.
void keep_freed_memory() {
#ifdef __GLIBC__
  static const bool done = mallopt(M_MMAP_THRESHOLD, 32 << 20) != 0 && mallopt(M_TRIM_THRESHOLD, 128 << 20) != 0;
  static_cast<void>(done);
#endif
}

std::shared_ptr<const synth::Scenes> scenes_for(const std::string& json, std::uint64_t seed, int height, int width) {
  const std::string key =
      std::to_string(seed) + " " + std::to_string(height) + "x" + std::to_string(width) + " " + json;
  std::lock_guard lock(kept().mutex);
  if (kept().key == key && kept().scenes) return kept().scenes;
  synth::JsonScene s = synth::scene_from_json(json).value();
  s.options.height = height;
  s.options.width = width;
  s.options.given = io::read_given(s.folders.foregrounds, s.folders.alphas, s.folders.backgrounds).value();
  kept().scenes = std::make_shared<const synth::Scenes>(synth::Scenes::make(std::move(s.options), seed).value());
  kept().key = key;
  return kept().scenes;
}

void copy_planar(const Image<float>& from, float* to) {
  const std::size_t pixels = from.shape().pixels(), channels = static_cast<std::size_t>(from.channels());
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < pixels; ++i) to[c * pixels + i] = from.data()[i * channels + c];
}

}  // namespace

extern "C" {

/// Fills count samples, first_index and on, as NCHW float32 in [0,1]: picture, plate and foreground with three
/// channels, alpha with one. A null pointer leaves that part out. @return 0, or 1 with the text in hairline_synth_error
__attribute__((visibility("default"))) int hairline_synth_batch(const char* options_json, std::uint64_t seed,
                                                                std::uint64_t first_index, int count, int height,
                                                                int width, int threads, float* picture, float* plate,
                                                                float* alpha, float* foreground) {
  try {
    keep_freed_memory();
    const auto scenes = scenes_for(options_json != nullptr ? options_json : "", seed, height, width);
    const std::size_t pixels = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    ThreadPool pool(threads);
    pool.parallel_for(0, count, 1, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
      for (std::ptrdiff_t i = begin; i < end; ++i) {
        const synth::Sample s = (*scenes)(first_index + static_cast<std::uint64_t>(i));
        const auto at = static_cast<std::size_t>(i) * pixels;
        if (picture != nullptr) copy_planar(s.picture, picture + 3 * at);
        if (plate != nullptr) copy_planar(s.plate, plate + 3 * at);
        if (alpha != nullptr) copy_planar(s.alpha, alpha + at);
        if (foreground != nullptr) copy_planar(s.foreground, foreground + 3 * at);
      }
    });
    return 0;
  } catch (const std::exception& e) {
    last_error = e.what();
    return 1;
  }
}

/// The text of this thread's last error; "" if there was none.
__attribute__((visibility("default"))) const char* hairline_synth_error() { return last_error.c_str(); }

}  // extern "C"
