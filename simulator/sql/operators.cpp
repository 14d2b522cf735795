#include <cmath>
#include <regex>

#include "simulator/sql/binder.hpp"
#include "simulator/sql/datum.hpp"
#include "simulator/sql/decimal.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/json.hpp"
#include "simulator/sql/moment.hpp"
#include "simulator/sql/text.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

using Apply = std::function<Value(const Value&, const Value&)>;

bool is_moment(Type type) { return type == Type::timestamp || type == Type::timestamptz; }

bool is_comparison(const std::string& op) {
  return op == "=" || op == "<>" || op == "<" || op == "<=" || op == ">" || op == ">=";
}

bool comparable(Type left, Type right) {
  return left == right || left == Type::unknown || right == Type::unknown ||
         (is_number(left) && is_number(right)) || (is_text(left) && is_text(right)) ||
         (is_moment(left) && is_moment(right)) ||
         (is_array(left) && is_array(right) && element_of(left) == element_of(right));
}

Failure no_operator(const char* kind, const std::string& op, Type left, Type right) {
  return failure("22023", std::string("unsupported ") + kind + " operator: <" + short_name(left) +
                              "> " + op + " <" + short_name(right) + ">");
}

Failure out_of_range() { return failure("22003", "integer out of range"); }

std::int64_t integer_operation(char op, std::int64_t left, std::int64_t right) {
  std::int64_t made = 0;
  bool overflow = false;
  switch (op) {
    case '+': overflow = __builtin_add_overflow(left, right, &made); break;
    case '-': overflow = __builtin_sub_overflow(left, right, &made); break;
    case '*': overflow = __builtin_mul_overflow(left, right, &made); break;
    case 'f':
    case '%':
      if (right == 0) throw division_by_zero();
      // The one quotient that does not fit.
      if (right == -1) return op == '%' ? 0 : integer_operation('-', 0, left);
      return op == '%' ? left % right : left / right;
    default: {
      const double power = std::pow(static_cast<double>(left), static_cast<double>(right));
      overflow = !(std::abs(power) < 9.2e18);
      if (!overflow) made = static_cast<std::int64_t>(power);
    }
  }
  if (overflow) throw out_of_range();
  return made;
}

double float_operation(char op, double left, double right) {
  if ((op == '/' || op == 'f' || op == '%') && right == 0) throw division_by_zero();
  switch (op) {
    case '+': return left + right;
    case '-': return left - right;
    case '*': return left * right;
    case '/': return left / right;
    case 'f': return std::trunc(left / right);
    case '%': return std::fmod(left, right);
    default: return std::pow(left, right);
  }
}

std::string decimal_operation(char op, const std::string& left, const std::string& right) {
  const auto one = Decimal::parse(left);
  const auto other = Decimal::parse(right);
  std::optional<Decimal> made;
  if (one && other) {
    if ((op == '/' || op == 'f' || op == '%') && other->is_zero()) throw division_by_zero();
    if (op == '+') made = Decimal::add(*one, *other);
    if (op == '-') made = Decimal::subtract(*one, *other);
    if (op == '*') made = Decimal::multiply(*one, *other);
    if (op == '/') made = Decimal::divide(*one, *other);
  }
  if (made) return made->text();
  return to_text(
      float_operation(op, as_double(left, Type::decimal), as_double(right, Type::decimal)),
      Type::float8);
}

std::pair<Type, Apply> arithmetic(const std::string& op, Type left, Type right) {
  const char sign = op == "//" ? 'f' : op[0];
  if (left == Type::float8 || right == Type::float8) {
    return {Type::float8, [=](const Value& a, const Value& b) -> Value {
              return float_operation(sign, as_double(a, left), as_double(b, right));
            }};
  }
  if (left == Type::decimal || right == Type::decimal || op == "/") {
    return {Type::decimal, [=](const Value& a, const Value& b) -> Value {
              return decimal_operation(sign, to_text(a, left), to_text(b, right));
            }};
  }
  return {Type::int8, [=](const Value& a, const Value& b) -> Value {
            return integer_operation(sign, std::get<std::int64_t>(a), std::get<std::int64_t>(b));
          }};
}

Interval interval_of(const Value& value) {
  return parse_interval(std::get<std::string>(value)).value_or(Interval{});
}

// Times and spans; nothing when the types are not those.
std::optional<std::pair<Type, Apply>> temporal(const std::string& op, Type left, Type right) {
  const int sign = op == "-" ? -1 : 1;
  if (op != "+" && op != "-" && op != "*" && op != "/") return std::nullopt;
  if (is_moment(left) && right == Type::interval && op.find_first_of("+-") == 0) {
    return {{left, [=](const Value& a, const Value& b) -> Value {
               return add(std::get<Micros>(a), interval_of(b), sign);
             }}};
  }
  if (left == Type::interval && is_moment(right) && op == "+") {
    return {{right, [](const Value& a, const Value& b) -> Value {
               return add(std::get<Micros>(b), interval_of(a), 1);
             }}};
  }
  if (is_moment(left) && is_moment(right) && op == "-") {
    return {{Type::interval, [](const Value& a, const Value& b) -> Value {
               return interval_text(
                   interval_of_micros(std::get<Micros>(a).value - std::get<Micros>(b).value));
             }}};
  }
  if (left == Type::interval && right == Type::interval && op.find_first_of("+-") == 0) {
    return {{Type::interval, [=](const Value& a, const Value& b) -> Value {
               const Interval one = interval_of(a);
               const Interval other = interval_of(b);
               return interval_text({one.months + sign * other.months, one.days + sign * other.days,
                                     one.micros + sign * other.micros});
             }}};
  }
  const bool scaled = op == "*" || op == "/";
  if (left == Type::interval && is_number(right) && scaled) {
    return {{Type::interval, [=](const Value& a, const Value& b) -> Value {
               const double by = as_double(b, right);
               if (op == "/" && by == 0) throw division_by_zero();
               const auto span = static_cast<double>(approximate_micros(interval_of(a)));
               const double made = op == "*" ? span * by : span / by;
               if (!(std::abs(made) < 9e18)) throw failure("22008", "interval out of range");
               return interval_text(interval_of_micros(static_cast<std::int64_t>(made)));
             }}};
  }
  return std::nullopt;
}

// LIKE by hand: % any run, _ any character, \ takes the next as it is.
bool like(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (at < text.size()) {
    const bool escaped = in_pattern + 1 < pattern.size() && pattern[in_pattern] == '\\';
    const std::size_t literal = in_pattern + (escaped ? 1 : 0);
    if (in_pattern < pattern.size() && !escaped && pattern[in_pattern] == '%') {
      star = in_pattern++;
      resume = at;
    } else if (literal < pattern.size() &&
               ((!escaped && pattern[literal] == '_') || pattern[literal] == text[at])) {
      in_pattern = literal + 1;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '%') ++in_pattern;
  return in_pattern == pattern.size();
}

// std::regex recurses once per character: longer texts would end the process.
constexpr std::size_t kRegexTextMax = 10'000;
constexpr std::size_t kRegexPatternMax = 500;

bool matches(const std::string& text, const std::string& pattern, bool ignore_case) {
  if (text.size() > kRegexTextMax || pattern.size() > kRegexPatternMax) {
    throw unsupported("a regular expression of this size");
  }
  try {
    const auto flags =
        std::regex::ECMAScript | (ignore_case ? std::regex::icase : std::regex::flag_type{});
    return std::regex_search(text, std::regex(pattern, flags));
  } catch (const std::regex_error&) {
    throw failure("2201B", "error parsing regexp: `" + pattern + "`");
  }
}

std::pair<Type, Apply> matching(const std::string& op) {
  return {Type::boolean, [=](const Value& a, const Value& b) -> Value {
            const auto& text = std::get<std::string>(a);
            const auto& pattern = std::get<std::string>(b);
            if (op == "like") return like(text, pattern);
            if (op == "ilike") return like(lowered(text), lowered(pattern));
            const bool found = matches(text, pattern, op.back() == '*');
            return found == (op[0] != '!');
          }};
}

std::pair<Type, Apply> json_fetch(const std::string& op, Type key) {
  const bool as_text = op == "->>";
  return {as_text ? Type::text : Type::jsonb, [=](const Value& a, const Value& b) -> Value {
            const auto& document = std::get<std::string>(a);
            const auto found = key == Type::int8 ? json_element(document, std::get<std::int64_t>(b))
                                                 : json_member(document, std::get<std::string>(b));
            if (!found) return Null{};
            if (!as_text) return std::string(*found);
            auto text = json_as_text(*found);
            return text ? Value(std::move(*text)) : Value(Null{});
          }};
}

bool has_element(const std::vector<Value>& among, const Value& wanted, Type type) {
  for (const Value& candidate : among) {
    if (!is_null(candidate) && !is_null(wanted) && order(candidate, wanted, type) == 0) return true;
  }
  return false;
}

// @>, <@, && of arrays and documents.
std::pair<Type, Apply> containment(const std::string& op, Type type) {
  return {Type::boolean, [=](const Value& a, const Value& b) -> Value {
            const Value& whole = op == "<@" ? b : a;
            const Value& part = op == "<@" ? a : b;
            if (type == Type::jsonb) {
              return json_contains(std::get<std::string>(whole), std::get<std::string>(part));
            }
            const std::vector<Value> among = elements(whole);
            for (const Value& wanted : elements(part)) {
              const bool found = has_element(among, wanted, element_of(type));
              if (found != (op != "&&")) return found;
            }
            return op != "&&";
          }};
}

std::pair<Type, Apply> concatenation(Type left, Type right) {
  if (is_array(left) || is_array(right)) {
    const Type type = is_array(left) ? left : right;
    return {type, [=](const Value& a, const Value& b) -> Value {
              std::vector<Value> all = is_array(left) ? elements(a) : std::vector<Value>{a};
              const std::vector<Value> rest = is_array(right) ? elements(b) : std::vector<Value>{b};
              all.insert(all.end(), rest.begin(), rest.end());
              return array_from(all, element_of(type));
            }};
  }
  const Type type = left == Type::bytes && right == Type::bytes ? Type::bytes : Type::text;
  return {type, [=](const Value& a, const Value& b) -> Value {
            return std::get<std::string>(cast(a, left, type)) +
                   std::get<std::string>(cast(b, right, type));
          }};
}

std::pair<Type, Apply> choose(const std::string& op, Type left, Type right) {
  if (is_comparison(op)) {
    return {Type::boolean, [compare = comparison(op, left, right)](const Value& a, const Value& b) {
              const auto verdict = compare(a, b);
              return verdict ? Value(*verdict) : Value(Null{});
            }};
  }
  if (auto made = temporal(op, left, right)) return std::move(*made);
  const bool is_match = op == "like" || op == "ilike" || op.find('~') != std::string::npos;
  if (is_match && (is_text(left) || left == Type::unknown) &&
      (is_text(right) || right == Type::unknown)) {
    return matching(op);
  }
  if (op == "->" || op == "->>") {
    const bool key_fits = right == Type::int8 || is_text(right);
    if (left == Type::jsonb && key_fits) return json_fetch(op, right);
  } else if (op == "@>" || op == "<@" || op == "&&") {
    if (left == Type::jsonb && right == Type::jsonb && op != "&&") return containment(op, left);
    if (is_array(left) && comparable(left, right)) return containment(op, left);
  } else if (op == "?" && left == Type::jsonb && is_text(right)) {
    return {Type::boolean, [](const Value& a, const Value& b) -> Value {
              return json_member(std::get<std::string>(a), std::get<std::string>(b)).has_value();
            }};
  } else if (op == "||") {
    const bool texts = is_text(left) || is_text(right) || (left == right && left == Type::bytes);
    const bool arrays =
        (is_array(left) && (comparable(left, right) || right == element_of(left))) ||
        (is_array(right) && left == element_of(right));
    if (texts || arrays) return concatenation(left, right);
  } else if (is_number(left) && is_number(right) && !is_match) {
    return arithmetic(op, left, right);
  }
  throw no_operator("binary", op, left, right);
}

}  // namespace

Comparison comparison(const std::string& op, Type left, Type right) {
  if (!comparable(left, right)) throw no_operator("comparison", op, left, right);
  const bool less = op[0] == '<';
  const bool greater = op[0] == '>' || op == "<>";
  const bool equal = op.back() == '=';
  return [=](const Value& a, const Value& b) -> std::optional<bool> {
    if (is_null(a) || is_null(b)) return std::nullopt;
    std::partial_ordering found = compare(a, left, b, right);
    if (found == std::partial_ordering::unordered) {
      // NaN equals itself and is less than every number.
      found = order(a, b, left) <=> 0;
    }
    return found < 0 ? less : found > 0 ? greater : equal;
  };
}

Bound bind_operator(const std::string& op, Bound left, Bound right, const Runtime&) {
  const bool untyped = left.type == Type::unknown && right.type == Type::unknown;
  Bound made;
  if ((left.type == Type::unknown || right.type == Type::unknown) && !untyped &&
      !is_comparison(op)) {
    // NULL takes the type of the other side.
    if (left.type == Type::unknown) left.type = right.type;
    if (right.type == Type::unknown) right.type = left.type;
  }
  if (untyped) {
    made = constant(Null{}, is_comparison(op) ? Type::boolean : Type::unknown);
    return made;
  }
  auto [type, apply] = choose(op, left.type, right.type);
  made.type = type;
  made.run = [apply = std::move(apply), a = std::move(left.run),
              b = std::move(right.run)](const Env& env) -> Value {
    const Value one = a(env);
    if (is_null(one)) return Null{};
    const Value other = b(env);
    if (is_null(other)) return Null{};
    return apply(one, other);
  };
  return made;
}

}  // namespace faultline::sim::sql
