#pragma once

#include <span>
#include <string_view>

namespace faultline::fuzz {

/// One reader of what others write, fed with anything. `run` must neither crash nor break
/// what it asserts; what it reads is thrown away.
struct Target {
  std::string_view name;  ///< And its folder below tests/fuzz/corpus.
  void (*run)(std::string_view input);
};

[[nodiscard]] std::span<const Target> targets();

}  // namespace faultline::fuzz
