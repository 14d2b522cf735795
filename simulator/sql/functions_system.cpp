#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/functions.hpp"
#include "simulator/sql/json.hpp"
#include "simulator/sql/types.hpp"

// Functions about the node, the session, and types.

namespace faultline::sim::sql {
namespace {

using Types = std::vector<Type>;

std::string text(const Arguments& values, std::size_t at) {
  return std::get<std::string>(values[at]);
}

Value pg_sleep(Runtime& runtime, const Arguments& values, const Types&) {
  const double seconds = std::get<double>(values[0]);
  if (!(seconds < 1e6)) throw failure("22023", "pg_sleep: too long");
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
  // In short waits, so that a deadline or a cancel ends it soon.
  constexpr std::chrono::milliseconds kSlice{10};
  while (true) {
    check_patience(runtime.context);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    (void)::poll(nullptr, 0, static_cast<int>(std::min(left, kSlice).count()));
  }
}

Value force_error(Runtime&, const Arguments& values, const Types&) {
  const std::string state = text(values, 0);
  Failure made = failure(state, text(values, 1));
  made.error.file = "builtins.go";
  made.error.line = 4886;
  made.error.routine = "func230";
  if (state == "40001") {
    made.error.message = "restart transaction: " + made.error.message;
    made.error.hint =
        "See: https://www.cockroachlabs.com/docs/v22.1/transaction-retry-error-reference.html";
  }
  throw made;
}

Value current_setting(Runtime& runtime, const Arguments& values, const Types&) {
  if (auto value = runtime.settings.get(text(values, 0))) return std::move(*value);
  if (values.size() > 1 && std::get<bool>(values[1])) return Null{};
  throw failure("42704", "unrecognized configuration parameter \"" + text(values, 0) + "\"");
}

Value set_config(Runtime& runtime, const Arguments& values, const Types&) {
  runtime.settings.set(text(values, 0), text(values, 1));
  return runtime.settings.get(text(values, 0)).value_or("");
}

Value random_uuid(Runtime&, const Arguments&, const Types&) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  const std::uint64_t high = (random() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (random() & ~(3ULL << 62U)) | (2ULL << 62U);
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%08llx-%04llx-%04llx-%04llx-%012llx",
                static_cast<unsigned long long>(high >> 32U),
                static_cast<unsigned long long>((high >> 16U) & 0xFFFFU),
                static_cast<unsigned long long>(high & 0xFFFFU),
                static_cast<unsigned long long>(low >> 48U),
                static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFULL));
  return std::string(buffer.data());
}

Value encode(Runtime&, const Arguments& values, const Types&) {
  if (text(values, 1) == "hex") return to_text(values[0], Type::bytes).substr(2);
  if (text(values, 1) == "escape") return values[0];
  throw failure("22023", "only 'hex', 'escape' formats are supported for encode()");
}

Value array_length_of_json(Runtime&, const Arguments& values, const Types&) {
  const std::string document = text(values, 0);
  if (!document.starts_with('[')) {
    throw failure("22023", "cannot get array length of a non-array");
  }
  std::int64_t count = 0;
  while (json_element(document, count)) ++count;
  return count;
}

// What psql asks to describe a result (\gdesc).
Value format_type(Runtime&, const Arguments& values, const Types&) {
  const auto type = type_from_oid(static_cast<std::uint32_t>(std::get<std::int64_t>(values[0])));
  return type ? standard_name(*type) : std::string("???");
}

std::vector<Function> make_system_list() {
  using Run = Value (*)(Runtime&, const Arguments&, const Types&);
  const Run user = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.settings.user();
  };
  const Run database = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.settings.database();
  };
  const Run schema = [](Runtime&, const Arguments&, const Types&) -> Value {
    return std::string("public");
  };
  const Run no = [](Runtime&, const Arguments&, const Types&) -> Value { return false; };
  const Run version = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.catalog.identity().version;
  };
  const Run node_id = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.catalog.identity().node_id;
  };
  const Run cluster_id = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.catalog.identity().cluster_id;
  };
  const Run backend_pid = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.backend_pid;
  };
  const Run type_of = [](Runtime&, const Arguments&, const Types& types) -> Value {
    return standard_name(types[0]);
  };
  return {{"version", {}, Type::text, version},
          {"current_user", {}, Type::text, user},
          {"session_user", {}, Type::text, user},
          {"user", {}, Type::text, user},
          {"current_database", {}, Type::text, database},
          {"current_catalog", {}, Type::text, database},
          {"current_schema", {}, Type::text, schema},
          {"pg_sleep", {Type::float8}, Type::boolean, pg_sleep},
          {"pg_backend_pid", {}, Type::int8, backend_pid},
          {"pg_is_in_recovery", {}, Type::boolean, no},
          {"pg_typeof", {Type::unknown}, Type::text, type_of, false, true},
          {"crdb_internal.node_id", {}, Type::int8, node_id},
          {"crdb_internal.cluster_id", {}, Type::uuid, cluster_id},
          {"crdb_internal.force_error", {Type::text, Type::text}, Type::int8, force_error},
          {"current_setting",
           {Type::text, Type::boolean},
           Type::text,
           current_setting,
           false,
           false,
           1},
          {"set_config", {Type::text, Type::text, Type::boolean}, Type::text, set_config},
          {"format_type", {Type::int8, Type::int8}, Type::text, format_type},
          {"gen_random_uuid", {}, Type::uuid, random_uuid},
          {"encode", {Type::bytes, Type::text}, Type::text, encode},
          {"jsonb_array_length", {Type::jsonb}, Type::int8, array_length_of_json}};
}

}  // namespace

const std::vector<Function>& system_functions() {
  static const std::vector<Function> list = make_system_list();
  return list;
}

}  // namespace faultline::sim::sql
