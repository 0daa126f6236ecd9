#pragma once
#include <cstddef>

namespace hairline::tool {

/// Pictures come and go, and fresh pages cost the system as much as a solver's sweep costs us: from now on freed
/// memory is kept for the next picture. Blocks above 32 MiB are still given back at once. Does nothing where the C
/// library is not GNU's.
void keep_freed_memory();

/// Takes so much memory from the system, touches it and frees it, which leaves it to the pictures to come: for a thread
/// that would wait otherwise. Fresh pages cost about half a millisecond a mebibyte.
void touch_ahead(std::size_t bytes);

}  // namespace hairline::tool
