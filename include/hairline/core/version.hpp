#pragma once
/// The version of the headers; compiled kernel libraries carry the one they were built with.
#define HAIRLINE_VERSION_MAJOR 0
#define HAIRLINE_VERSION_MINOR 1
#define HAIRLINE_VERSION_PATCH 0
#define HAIRLINE_VERSION_STRING "0.1.0"
