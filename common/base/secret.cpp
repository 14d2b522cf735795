#include "common/base/secret.hpp"

namespace faultline {

std::string Secret::redact(std::string text) const {
  if (value_.empty()) return text;
  for (auto at = text.find(value_); at != std::string::npos;
       at = text.find(value_, at + kShown.size())) {
    text.replace(at, value_.size(), kShown);
  }
  return text;
}

}  // namespace faultline
