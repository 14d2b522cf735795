#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/runtime/ownership_marks.hpp"

namespace faultline::chaos {

// What the Engine is asked and answers about the volumes that are ownership marks; read and
// written here and nowhere else. Pure.

/// Its role label's value; the others are those of a helper, and one for each field.
inline constexpr std::string_view kMarkRole = "mark";

using Labels = std::map<std::string, std::string>;

[[nodiscard]] Labels mark_labels(const Mark& mark, const std::string& owner);
/// Whether `there` has each of `wanted`, with its value.
[[nodiscard]] bool has_all(const Labels& there, const Labels& wanted);
/// Whether they are those of a mark of this owner.
[[nodiscard]] bool is_mark(const Labels& labels, const std::string& owner);
[[nodiscard]] Result<Mark> read_mark_labels(const Labels& labels);

/// The body of POST /volumes/create.
[[nodiscard]] std::string volume_body(const std::string& name, const Labels& labels);
/// `filters=` for the list of an owner's marks, percent-encoded.
[[nodiscard]] std::string mark_filter(std::string_view owner);

struct Volume {
  std::string name;
  Labels labels;
};
/// Of GET /volumes/{name}, and what POST /volumes/create answers.
[[nodiscard]] Result<Volume> read_volume(std::string_view body);
[[nodiscard]] Result<std::vector<Volume>> read_volumes(std::string_view body);

}  // namespace faultline::chaos
