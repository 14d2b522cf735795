#include "exporter/metrics/page.hpp"

#include <prometheus/text_serializer.h>

#include "exporter/metrics/catalogue.hpp"
#include "exporter/metrics/collect_filter.hpp"
#include "exporter/metrics/to_families.hpp"

namespace faultline::metrics {

namespace {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::gauge: return "gauge";
    case Kind::counter: return "counter";
    case Kind::info: return "info";
    case Kind::stateset: return "states";
    case Kind::histogram: return "histogram";
  }
  return "";
}

std::string label_names(std::string_view labels) {
  if (labels.empty()) return "";
  std::string text = "`";
  for (const char c : labels) text += c == ',' ? std::string{"` `"} : std::string{c};
  return text + "`";
}

}  // namespace

std::string render_page(const ClusterSnapshot* snapshot, const SelfStats& self, WallTime now,
                        const std::vector<std::string>& collect) {
  return prometheus::TextSerializer{}.Serialize(only_of(to_families(snapshot, self, now), collect));
}

std::string render_target(const ClusterSnapshot* snapshot, const observe::EventCounts& events,
                          WallTime now, const std::vector<std::string>& collect) {
  return prometheus::TextSerializer{}.Serialize(
      only_of(target_families(snapshot, events, now), collect));
}

std::string render_exporter(const SelfStats& self) {
  return prometheus::TextSerializer{}.Serialize(exporter_families(self));
}

std::string render_documentation() {
  std::string text =
      "# Metrics of faultline-exporter\n\n"
      "Printed from `exporter/metrics/catalogue.hpp`; a test holds this page to it\n"
      "(`FAULTLINE_REWRITE=1` rewrites it). *info*: a gauge that is always 1 and says something\n"
      "in its labels. *states*: one gauge for each state, 1 for the one that holds. What is not\n"
      "known is absent, never 0; Prometheus then marks the series stale.\n\n"
      "`/metrics` has all of them, for the main cluster; `/probe?target=NAME` those of one cluster "
      "of\n"
      "`--targets.file`, without what is about the exporter (`faultline_build_info`,\n"
      "`faultline_stream_…`, `process_…`). What other exporters call `probe_success` is "
      "`faultline_up`.\n\n"
      "| Metric | Kind | Labels | What it says |\n|---|---|---|---|\n";
  for (const auto& metric : kCatalogue) {
    text += "| `" + std::string{metric.name} + "` | " + std::string{kind_name(metric.kind)} +
            " | " + label_names(metric.labels) + " | " + std::string{metric.help} + " |\n";
  }
  return text;
}

}  // namespace faultline::metrics
