#pragma once
#include <string>

#include "wrong_use.hpp"

namespace hairline::tool {

/// Throws NotAvailable unless the solvers can run there; nothing falls back silently.
inline void want_device(const std::string& device) {
  if (device != "cpu")
    throw NotAvailable{"device '" + device + "' is not available for this method, wanted one of: cpu"};
}

}  // namespace hairline::tool
