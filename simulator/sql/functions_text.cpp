#include <algorithm>
#include <cctype>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/functions.hpp"
#include "simulator/sql/types.hpp"

// Functions on texts and arrays.

namespace faultline::sim::sql {
namespace {

using Types = std::vector<Type>;

const std::string& text(const Arguments& values, std::size_t at) {
  return std::get<std::string>(values[at]);
}
std::int64_t number(const Arguments& values, std::size_t at) {
  return std::get<std::int64_t>(values[at]);
}

// Byte offsets of the characters of a UTF-8 text, and its end.
std::vector<std::size_t> characters(const std::string& value) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if ((static_cast<unsigned char>(value[at]) & 0xC0U) != 0x80U) starts.push_back(at);
  }
  starts.push_back(value.size());
  return starts;
}

// Characters [from, to) counted from 0, whatever the bounds.
std::string slice(const std::string& value, std::int64_t from, std::int64_t to) {
  const std::vector<std::size_t> starts = characters(value);
  const auto count = static_cast<std::int64_t>(starts.size()) - 1;
  from = std::clamp<std::int64_t>(from, 0, count);
  to = std::clamp<std::int64_t>(to, from, count);
  const std::size_t begin = starts[static_cast<std::size_t>(from)];
  return value.substr(begin, starts[static_cast<std::size_t>(to)] - begin);
}

std::int64_t count_characters(const std::string& value) {
  return static_cast<std::int64_t>(characters(value).size()) - 1;
}

Value change_case(const std::string& value, int (*change)(int)) {
  std::string made = value;
  for (char& c : made) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return made;
}

std::vector<std::string> split(const std::string& value, const std::string& separator) {
  std::vector<std::string> parts;
  if (separator.empty()) return {value};
  std::size_t from = 0;
  for (std::size_t found = value.find(separator); found != std::string::npos;
       found = value.find(separator, from)) {
    parts.push_back(value.substr(from, found - from));
    from = found + separator.size();
  }
  parts.push_back(value.substr(from));
  return parts;
}

Value split_part(Runtime&, const Arguments& values, const Types&) {
  const std::int64_t wanted = number(values, 2);
  if (wanted <= 0)
    throw failure("22023",
                  "field position " + std::to_string(wanted) + " must be greater than zero");
  const auto parts = split(text(values, 0), text(values, 1));
  if (wanted > static_cast<std::int64_t>(parts.size())) return std::string();
  return parts[static_cast<std::size_t>(wanted - 1)];
}

Value substring(Runtime&, const Arguments& values, const Types&) {
  const std::int64_t from = number(values, 1) - 1;
  if (values.size() < 3) return slice(text(values, 0), from, INT64_MAX);
  if (number(values, 2) < 0) {
    throw failure("22011", "substring(): negative substring length " +
                               std::to_string(number(values, 2)) + " not allowed");
  }
  std::int64_t to = 0;
  if (__builtin_add_overflow(from, number(values, 2), &to)) to = INT64_MAX;
  return slice(text(values, 0), from, to);
}

Value replace(Runtime&, const Arguments& values, const Types&) {
  const auto parts = split(text(values, 0), text(values, 1));
  std::string made = parts.front();
  for (std::size_t at = 1; at < parts.size(); ++at) made += text(values, 2) + parts[at];
  return made;
}

Value trim(const Arguments& values, bool left, bool right) {
  const std::string& value = text(values, 0);
  const std::string set = values.size() > 1 ? text(values, 1) : " ";
  const std::size_t from = left ? value.find_first_not_of(set) : 0;
  if (from == std::string::npos) return std::string();
  const std::size_t last = right ? value.find_last_not_of(set) : value.size() - 1;
  if (value.empty() || last == std::string::npos) return std::string();
  return value.substr(from, last - from + 1);
}

Value concat(Runtime&, const Arguments& values, const Types& types) {
  std::string made;
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (!is_null(values[at]))
      made += std::get<std::string>(cast(values[at], types[at], Type::text));
  }
  return made;
}

Value concat_ws(Runtime&, const Arguments& values, const Types& types) {
  if (is_null(values[0])) return Null{};
  std::string made;
  bool first = true;
  for (std::size_t at = 1; at < values.size(); ++at) {
    if (is_null(values[at])) continue;
    if (!first) made += text(values, 0);
    first = false;
    made += std::get<std::string>(cast(values[at], types[at], Type::text));
  }
  return made;
}

Value array_to_string(Runtime&, const Arguments& values, const Types& types) {
  if (is_null(values[0]) || is_null(values[1])) return Null{};
  if (!is_array(types[0])) throw undefined_function("array_to_string()", true);
  const Type element = element_of(types[0]);
  std::string made;
  bool first = true;
  for (const Value& value : elements(values[0])) {
    const bool stands_in = values.size() > 2 && !is_null(values[2]);
    if (is_null(value) && !stands_in) continue;
    if (!first) made += text(values, 1);
    first = false;
    made += is_null(value) ? text(values, 2) : to_text(value, element);
  }
  return made;
}

Value string_to_array(Runtime&, const Arguments& values, const Types&) {
  TextArray made;
  if (text(values, 0).empty()) return made;
  for (std::string& part : split(text(values, 0), text(values, 1))) {
    made.emplace_back(std::move(part));
  }
  return made;
}

Value array_length(Runtime&, const Arguments& values, const Types&) {
  const auto count = static_cast<std::int64_t>(elements(values[0]).size());
  if (count == 0 || (values.size() > 1 && number(values, 1) != 1)) return Null{};
  return count;
}

Value array_position(Runtime&, const Arguments& values, const Types& types) {
  if (is_null(values[0])) return Null{};
  const Type element = element_of(types[0]);
  std::int64_t position = 0;
  for (const Value& value : elements(values[0])) {
    ++position;
    if (is_null(value) == is_null(values[1]) &&
        (is_null(value) || order(value, values[1], element) == 0)) {
      return position;
    }
  }
  return Null{};
}

std::vector<Function> array_functions() {
  const auto position = [](Type array) {
    return Function{
        "array_position", {array, element_of(array)}, Type::int8, array_position, false, true};
  };
  const auto append = [](Type array) {
    return Function{"array_append",
                    {array, element_of(array)},
                    array,
                    [](Runtime&, const Arguments& values, const Types& types) {
                      std::vector<Value> all = elements(values[0]);
                      all.push_back(values[1]);
                      return array_from(all, element_of(types[0]));
                    },
                    false,
                    true};
  };
  const auto cardinality = [](Runtime&, const Arguments& values, const Types&) -> Value {
    return static_cast<std::int64_t>(elements(values[0]).size());
  };
  std::vector<Function> list{
      {"array_to_string", {Type::unknown, Type::text}, Type::text, array_to_string, false, true},
      {"array_to_string",
       {Type::unknown, Type::text, Type::text},
       Type::text,
       array_to_string,
       false,
       true},
      {"string_to_array", {Type::text, Type::text}, Type::text_array, string_to_array}};
  for (const Type array : {Type::int8_array, Type::text_array}) {
    list.push_back({"array_length", {array, Type::int8}, Type::int8, array_length});
    list.push_back({"cardinality", {array}, Type::int8, cardinality});
    list.push_back(position(array));
    list.push_back(append(array));
  }
  return list;
}

std::vector<Function> make_text_list() {
  const auto length = [](Runtime&, const Arguments& values, const Types&) -> Value {
    return count_characters(text(values, 0));
  };
  const auto bytes_length = [](Runtime&, const Arguments& values, const Types&) -> Value {
    return static_cast<std::int64_t>(text(values, 0).size());
  };
  const auto left = [](Runtime&, const Arguments& values, const Types&) -> Value {
    const std::int64_t count = number(values, 1);
    return slice(text(values, 0), 0, count < 0 ? count_characters(text(values, 0)) + count : count);
  };
  const auto right = [](Runtime&, const Arguments& values, const Types&) -> Value {
    const std::int64_t count = number(values, 1);
    const std::int64_t all = count_characters(text(values, 0));
    return slice(text(values, 0), count < 0 ? -count : all - count, all);
  };
  const auto strpos = [](Runtime&, const Arguments& values, const Types&) -> Value {
    const std::size_t found = text(values, 0).find(text(values, 1));
    if (found == std::string::npos) return std::int64_t{0};
    return count_characters(text(values, 0).substr(0, found)) + 1;
  };
  const auto quote_ident = [](Runtime&, const Arguments& values, const Types&) -> Value {
    const std::string& name = text(values, 0);
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return c == '_' || std::islower(static_cast<unsigned char>(c)) != 0;
    });
    return plain ? name : '"' + name + '"';
  };
  std::vector<Function> list{
      {"length", {Type::text}, Type::int8, length},
      {"length", {Type::bytes}, Type::int8, bytes_length},
      {"char_length", {Type::text}, Type::int8, length},
      {"octet_length", {Type::text}, Type::int8, bytes_length},
      {"lower",
       {Type::text},
       Type::text,
       [](Runtime&, const Arguments& values, const Types&) {
         return change_case(text(values, 0), std::tolower);
       }},
      {"upper",
       {Type::text},
       Type::text,
       [](Runtime&, const Arguments& values, const Types&) {
         return change_case(text(values, 0), std::toupper);
       }},
      {"split_part", {Type::text, Type::text, Type::int8}, Type::text, split_part},
      {"substring", {Type::text, Type::int8, Type::int8}, Type::text, substring, false, false, 1},
      {"substr", {Type::text, Type::int8, Type::int8}, Type::text, substring, false, false, 1},
      {"replace", {Type::text, Type::text, Type::text}, Type::text, replace},
      {"left", {Type::text, Type::int8}, Type::text, left},
      {"right", {Type::text, Type::int8}, Type::text, right},
      {"strpos", {Type::text, Type::text}, Type::int8, strpos},
      {"btrim",
       {Type::text, Type::text},
       Type::text,
       [](Runtime&, const Arguments& values, const Types&) { return trim(values, true, true); },
       false,
       false,
       1},
      {"ltrim",
       {Type::text, Type::text},
       Type::text,
       [](Runtime&, const Arguments& values, const Types&) { return trim(values, true, false); },
       false,
       false,
       1},
      {"rtrim",
       {Type::text, Type::text},
       Type::text,
       [](Runtime&, const Arguments& values, const Types&) { return trim(values, false, true); },
       false,
       false,
       1},
      {"concat", {Type::unknown}, Type::text, concat, true, true},
      {"concat_ws", {Type::text, Type::unknown}, Type::text, concat_ws, true, true},
      {"quote_ident", {Type::text}, Type::text, quote_ident}};
  for (Function& function : array_functions()) list.push_back(std::move(function));
  return list;
}

}  // namespace

const std::vector<Function>& text_functions() {
  static const std::vector<Function> list = make_text_list();
  return list;
}

}  // namespace faultline::sim::sql
