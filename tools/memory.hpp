#pragma once

namespace hairline::tool {

/// Pictures come and go, and fresh pages cost the system as much as a solver's sweep costs us: from now on freed
/// memory is kept for the next picture, and the first 64 MiB lie in large pages where the system has them. Blocks
/// above 32 MiB are still given back at once. Does nothing where the C library is not GNU's.
void keep_freed_memory();

}  // namespace hairline::tool
