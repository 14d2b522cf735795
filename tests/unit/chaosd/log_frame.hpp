#pragma once

#include <string>

namespace faultline::chaos {

/// What a container wrote to its standard output, as the Engine's log carries it; less than 128
/// bytes.
inline std::string log_frame(const std::string& text) {
  std::string head{"\x01\0\0\0\0\0\0", 7};
  head += static_cast<char>(text.size());
  return head + text;
}

}  // namespace faultline::chaos
