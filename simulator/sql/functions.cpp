#include "simulator/sql/functions.hpp"

#include <algorithm>

#include "simulator/sql/binder.hpp"
#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

constexpr std::int64_t kSeriesMax = 100'000;

std::vector<const Function*> overloads(const std::string& name) {
  std::vector<const Function*> found;
  for (const auto* list : {&text_functions(), &number_functions(), &system_functions()}) {
    for (const Function& function : *list) {
      if (function.name == name) found.push_back(&function);
    }
  }
  return found;
}

Type parameter(const Function& function, std::size_t at) {
  if (at < function.parameters.size()) return function.parameters[at];
  return function.parameters.empty() ? Type::unknown : function.parameters.back();
}

bool takes_count(const Function& function, std::size_t count) {
  const std::size_t most = function.parameters.size();
  if (function.variadic) return count + 1 >= most;
  return count <= most && count + function.optional >= most;
}

bool fits(Type given, Type expected) {
  if (given == expected || expected == Type::unknown || given == Type::unknown) return true;
  if (is_text(given) && is_text(expected)) return true;
  return given == Type::int2vector && expected == Type::int8_array;
}

// Numbers widen where nothing fits better: sqrt(4). So do times.
bool fits_widened(Type given, Type expected) {
  return fits(given, expected) || (given == Type::timestamp && expected == Type::timestamptz) ||
         (given == Type::timestamptz && expected == Type::timestamp) ||
         (given == Type::int8 && (expected == Type::float8 || expected == Type::decimal)) ||
         (given == Type::decimal && expected == Type::float8);
}

const Function* choose(const std::vector<const Function*>& candidates,
                       const std::vector<Bound>& arguments) {
  for (const auto& matches : {fits, fits_widened}) {
    for (const Function* candidate : candidates) {
      bool good = takes_count(*candidate, arguments.size());
      for (std::size_t at = 0; good && at < arguments.size(); ++at) {
        good = matches(arguments[at].type, parameter(*candidate, at));
      }
      if (good) return candidate;
    }
  }
  return nullptr;
}

std::string signature(const std::string& name, const std::vector<Bound>& arguments) {
  std::string text = name + "(";
  for (const Bound& argument : arguments) {
    if (&argument != &arguments.front()) text += ", ";
    text += short_name(argument.type);
  }
  return text + ")";
}

}  // namespace

std::vector<std::optional<Type>> suggested_types(const std::string& name, std::size_t count) {
  // Only what all overloads agree on.
  std::vector<std::optional<Type>> types(count);
  bool first = true;
  for (const Function* function : overloads(name)) {
    if (!takes_count(*function, count)) continue;
    for (std::size_t at = 0; at < count; ++at) {
      const Type type = parameter(*function, at);
      const Type suggested = type == Type::unknown ? Type::text : type;
      if (first) types[at] = suggested;
      if (types[at] != suggested) types[at].reset();
    }
    first = false;
  }
  return types;
}

Bound bind_function(Runtime& runtime, const std::string& name, std::vector<Bound> arguments) {
  const auto candidates = overloads(name);
  if (candidates.empty()) throw undefined_function(name, false);
  const Function* function = choose(candidates, arguments);
  if (function == nullptr) throw undefined_function(signature(name, arguments), true);
  std::vector<Type> types;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const Type type = parameter(*function, at);
    if (type != Type::unknown) arguments[at] = coerce(std::move(arguments[at]), type);
    types.push_back(arguments[at].type);
  }
  Bound made;
  made.type = function->result;
  if (made.type == Type::unknown && !types.empty()) made.type = types.front();
  made.run = [function, types = std::move(types), arguments = std::move(arguments),
              &runtime](const Env& env) -> Value {
    Arguments values;
    values.reserve(arguments.size());
    for (const Bound& argument : arguments) {
      values.push_back(argument.run(env));
      if (is_null(values.back()) && !function->takes_null) return Null{};
    }
    return function->run(runtime, values, types);
  };
  return made;
}

bool is_set_function(const Expr& expr) {
  if (expr.kind != ExprKind::call) return false;
  const std::string name = written(expr.path);
  return name == "unnest" || name == "generate_series";
}

SetFunction bind_set_function(Binder& binder, const Expr& expr) {
  const std::string& name = expr.path.back();
  std::vector<Bound> bound;
  for (const ExprPtr& child : expr.children) {
    bound.push_back(binder.bind(*child, name == "unnest" ? Type::text_array : Type::int8));
  }
  if (name == "unnest" && bound.size() == 1 && is_array(bound[0].type)) {
    return {element_of(bound[0].type), name,
            [run = std::move(bound[0].run)](const Env& env) { return elements(run(env)); }};
  }
  const bool numbers = std::all_of(bound.begin(), bound.end(),
                                   [](const Bound& each) { return each.type == Type::int8; });
  if (name == "unnest" || !numbers || bound.size() < 2 || bound.size() > 3) {
    throw undefined_function(signature(name, bound), true);
  }
  return {Type::int8, name, [bound = std::move(bound)](const Env& env) {
            std::vector<std::int64_t> numbers_given;
            for (const Bound& each : bound) {
              const Value value = each.run(env);
              if (is_null(value)) return std::vector<Value>{};
              numbers_given.push_back(std::get<std::int64_t>(value));
            }
            const std::int64_t step = numbers_given.size() == 3 ? numbers_given[2] : 1;
            if (step == 0) throw failure("22023", "step cannot be 0");
            std::vector<Value> values;
            std::int64_t at = numbers_given[0];
            while (step > 0 ? at <= numbers_given[1] : at >= numbers_given[1]) {
              values.emplace_back(at);
              if (static_cast<std::int64_t>(values.size()) > kSeriesMax) {
                throw failure("53200", "generate_series: too many values for a simulated node");
              }
              if (__builtin_add_overflow(at, step, &at)) break;
            }
            return values;
          }};
}

}  // namespace faultline::sim::sql
