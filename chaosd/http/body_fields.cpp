#include "chaosd/http/body_fields.hpp"

#include <algorithm>

#include "common/wire/json_read.hpp"

namespace faultline::chaos {

using nlohmann::json;

Error wrong_field(const std::string& path, const std::string& name, const std::string& what) {
  return {ErrorCode::invalid, name + " " + what, path + "/" + name};
}

Status check_fields(const json& object, const std::string& path,
                    std::initializer_list<std::string_view> known) {
  if (!object.is_object()) {
    return Error{ErrorCode::invalid,
                 (path.empty() ? std::string{"the document"} : path) + " must be an object", path};
  }
  std::string allowed;
  for (const auto name : known) allowed += (allowed.empty() ? "" : ", ") + std::string{name};
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      // The name is the caller's and may be anything: it is not repeated.
      return Error{ErrorCode::invalid, "there is a field that is not known here; use " + allowed,
                   path};
    }
  }
  return kDone;
}

Result<std::optional<std::int64_t>> number_in(const json& object, const std::string& path,
                                              const char* name, std::int64_t least,
                                              std::int64_t most) {
  wire::ObjectReader reader{object, path};
  const auto number = reader.maybe_integer(name);
  if (reader.error()) return *reader.error();
  if (number && (*number < least || *number > most)) {
    return wrong_field(path, name,
                       "is " + std::to_string(*number) + "; use " + std::to_string(least) + " to " +
                           std::to_string(most));
  }
  return number;
}

}  // namespace faultline::chaos
