#pragma once
// stb_image for JPEG, BMP and TGA, with internal linkage, so that any number of sources may include this and a program
// may hold another copy of its own. (In one source, include this before your own <stb/stb_image.h>.)
#ifdef STBI_INCLUDE_STB_IMAGE_H
#error "include hairline's io headers before stb_image.h: they need it with internal linkage"
#endif

#include <cstddef>
#include <cstdlib>

namespace hairline::io::detail {
/// stb_image does not set what damaged files leave out: zeros are the same on every run and tell nothing.
inline void* stb_allocate(std::size_t size) { return std::calloc(1, size); }
}  // namespace hairline::io::detail

#define STBI_MALLOC(size) hairline::io::detail::stb_allocate(size)
#define STBI_REALLOC(pointer, size) std::realloc(pointer, size)
#define STBI_FREE(pointer) std::free(pointer)
#define STBI_ASSERT(condition) static_cast<void>(0)  // no header of hairline's aborts
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#elif defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
#include <stb/stb_image.h>
#if defined(__clang__)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#undef STBI_MALLOC
#undef STBI_REALLOC
#undef STBI_FREE
#undef STBI_ASSERT
#undef STB_IMAGE_STATIC
#undef STB_IMAGE_IMPLEMENTATION
#undef STBI_ONLY_JPEG
#undef STBI_ONLY_BMP
#undef STBI_ONLY_TGA
#undef STBI_NO_STDIO
#undef STBI_NO_HDR
#undef STBI_NO_LINEAR
