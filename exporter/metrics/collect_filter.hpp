#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

namespace faultline::metrics {

/// The collector that a metric comes from; empty: from several or from us, always there.
[[nodiscard]] std::string_view collector_of(std::string_view metric);

/// For ?collect[]=…: without the families, and the series about collectors, of others than
/// those. An empty list takes nothing away. Pure.
[[nodiscard]] std::vector<prometheus::MetricFamily> only_of(
    std::vector<prometheus::MetricFamily> families, const std::vector<std::string>& collect);

}  // namespace faultline::metrics
