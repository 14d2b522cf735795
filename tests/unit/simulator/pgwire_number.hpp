#pragma once

#include <cstdint>
#include <string>

#include "simulator/sql/encode.hpp"

namespace faultline::sim::pgwire {

/// As the protocol writes integers.
inline std::string number(std::uint64_t value, int bytes) {
  std::string out;
  sql::append_integer(out, value, bytes);
  return out;
}

}  // namespace faultline::sim::pgwire
