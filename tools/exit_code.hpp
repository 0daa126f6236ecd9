#pragma once

namespace hairline::tool {

/// What the command's exit status means. 2 is decided by looking at the command line alone, 1 by looking at files.
enum ExitCode {
  exit_done = 0,
  exit_files_failed = 1,   ///< some or all files failed; they are listed
  exit_wrong_use = 2,      ///< unknown option, method or value; options that exclude each other
  exit_not_available = 3,  ///< a device or weights that are not there
  exit_not_verified = 4,   ///< compare found a difference above the threshold
};

}  // namespace hairline::tool
