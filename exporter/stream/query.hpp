#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::stream {

/// The part of a URL after "?", decoded, in order. Pure.
class Query {
 public:
  /// Fails with `invalid` on an escape that is none ("%zz").
  [[nodiscard]] static Result<Query> parse(std::string_view text);

  /// The only one of this name; empty when absent. More than one is `invalid`.
  [[nodiscard]] Result<std::optional<std::string>> one(std::string_view name) const;
  /// Of every time that the name comes.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace faultline::stream
