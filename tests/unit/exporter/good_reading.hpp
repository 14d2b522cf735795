#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/poll/source.hpp"

namespace faultline::test {

/// A reading that has just succeeded, for the first time.
template <class Part>
poll::Reading<Part> good(Part part, WallTime now, const std::string& gateway = {}) {
  poll::Reading<Part> reading;
  reading.part = std::make_shared<const Part>(std::move(part));
  reading.health = {true, "", gateway.empty() ? std::nullopt : std::optional{gateway}, now, 1.0};
  reading.reads = 1;
  return reading;
}

}  // namespace faultline::test
