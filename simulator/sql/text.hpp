#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace faultline::sim::sql {

/// ASCII letters in lower case, the rest as it is.
[[nodiscard]] inline std::string lowered(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

}  // namespace faultline::sim::sql
