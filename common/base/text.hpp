#pragma once

#include <string_view>

namespace faultline {

/// Whether `part` is somewhere in `text`: C++23's string_view::contains.
inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace faultline
