#pragma once
#include <cstddef>
#include <vector>

#include "hairline/core/parallel.hpp"

namespace hairline::detail {

/// v.resize(size) for large vectors. The system clears a page when it is first written, which takes seconds for
/// gigabytes on one thread; here all threads do it, before the elements are made.
template <class T>
void resize_on_all_threads(std::vector<T>& v, std::size_t size, ThreadPool& pool) {
  constexpr std::ptrdiff_t page = 4096, piece = 1 << 20;
  const auto old = static_cast<std::ptrdiff_t>(v.size() * sizeof(T)),
             wanted = static_cast<std::ptrdiff_t>(size * sizeof(T));
  v.reserve(size);
  auto* memory = reinterpret_cast<volatile unsigned char*>(v.data());
  pool.parallel_for(old, wanted, piece, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t at = begin; at < end; at += page) memory[at] = 0;
  });
  v.resize(size);
}

}  // namespace hairline::detail
