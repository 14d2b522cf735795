#include "chaosd/runtime/ownership_marks.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace faultline::chaos {

namespace {

constexpr std::size_t kIdMost = 48;

std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || read != end) return std::nullopt;
  return value;
}

/// Reads one field after the other, and remembers the first that will not do.
class Fields {
 public:
  explicit Fields(const MarkFields& fields) : fields_(fields) {}

  std::string text(const std::string& name) {
    const auto found = fields_.find(name);
    if (found != fields_.end()) return found->second;
    wrong(name, "is missing");
    return {};
  }
  std::int64_t number(const std::string& name) {
    const auto value = number_in(text(name));
    if (!value) wrong(name, "is no number");
    return value.value_or(0);
  }
  void wrong(const std::string& name, const std::string& what) {
    if (!error_) error_ = Error{ErrorCode::malformed, "its " + name + " " + what, name};
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  const MarkFields& fields_;
  std::optional<Error> error_;
};

}  // namespace

Status can_be_marked(const FaultId& fault) {
  const bool fits = !fault.value.empty() && fault.value.size() <= kIdMost &&
                    std::all_of(fault.value.begin(), fault.value.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
                    });
  if (fits) return kDone;
  return Error{ErrorCode::invalid, "\"" + fault.value + "\" is not the id of a fault"};
}

MarkFields to_fields(const Mark& mark) {
  return {{"fault", mark.fault.value},
          {"kind", std::string{to_string(mark.kind)}},
          {"target-id", mark.target_id},
          {"target", mark.target},
          {"touched", mark.touched},
          {"grace-s", std::to_string(mark.grace.count())},
          {"saved", mark.saved},
          {"since-ms", std::to_string(to_ms(mark.since))},
          {"until-ms", std::to_string(to_ms(mark.until))}};
}

Result<Mark> read_mark(const MarkFields& given) {
  Fields fields{given};
  Mark mark;
  mark.fault.value = fields.text("fault");
  if (!can_be_marked(mark.fault)) fields.wrong("fault", "is not the id of a fault");
  const auto kind = parse_enum<FaultKind>(fields.text("kind"));
  if (!kind) fields.wrong("kind", "is not a kind of fault that is known here");
  mark.kind = kind.value_or(FaultKind::stop);
  mark.target_id = fields.text("target-id");
  mark.target = fields.text("target");
  mark.touched = fields.text("touched");
  mark.grace = std::chrono::seconds{fields.number("grace-s")};
  mark.saved = fields.text("saved");
  mark.since = from_ms(fields.number("since-ms"));
  mark.until = from_ms(fields.number("until-ms"));
  if (fields.error()) return *fields.error();
  return mark;
}

}  // namespace faultline::chaos
