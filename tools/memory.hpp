#pragma once

namespace hairline::tool {

/// Pictures come and go, and fresh pages cost the system as much as a solver's sweep costs us: from now on freed
/// memory is kept for the next picture. Blocks above 32 MiB are still given back at once. Does nothing where the C
/// library is not GNU's.
void keep_freed_memory();

}  // namespace hairline::tool
