#include "simulator/tables/user_table.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <nlohmann/json.hpp>

namespace faultline::sim::tables {
namespace {

using nlohmann::json;

constexpr std::size_t kRowsPerStatementMax = 10'000;

// Sorts like the number: so a scan comes in key order.
std::string ordered(std::int64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%020llu",
                static_cast<unsigned long long>(static_cast<std::uint64_t>(value) ^ (1ULL << 63U)));
  return text.data();
}

std::string hex(const std::string& bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    out.push_back(kHex[static_cast<unsigned char>(byte) >> 4U]);
    out.push_back(kHex[static_cast<unsigned char>(byte) & 15U]);
  }
  return out;
}

// Text that is not UTF-8 would not survive JSON, so strings are kept as hex digits.
json cell(const Value& value) {
  struct Write {
    json operator()(const sql::Null&) const { return nullptr; }
    json operator()(bool flag) const { return flag; }
    json operator()(std::int64_t number) const { return number; }
    json operator()(double number) const {
      std::array<char, 40> text{};
      std::snprintf(text.data(), text.size(), "%a", number);
      return {{"f", text.data()}};
    }
    json operator()(const std::string& text) const { return hex(text); }
    json operator()(const sql::Micros& time) const { return {{"t", time.value}}; }
    json operator()(const sql::IntArray& array) const { return {{"i", array}}; }
    json operator()(const sql::TextArray& array) const {
      json out = json::array();
      for (const auto& each : array) out.push_back(each ? json(hex(*each)) : json(nullptr));
      return {{"s", out}};
    }
  };
  return std::visit(Write{}, value);
}

std::string unhex(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<char>(std::strtol(digits.substr(i, 2).c_str(), nullptr, 16)));
  }
  return out;
}

Value value_of(const json& cell) {
  if (cell.is_null()) return sql::Null{};
  if (cell.is_boolean()) return cell.get<bool>();
  if (cell.is_number_integer()) return cell.get<std::int64_t>();
  if (cell.is_string()) return unhex(cell.get<std::string>());
  if (cell.contains("f")) return std::strtod(cell["f"].get<std::string>().c_str(), nullptr);
  if (cell.contains("t")) return sql::Micros{cell["t"].get<std::int64_t>()};
  if (cell.contains("i")) return cell["i"].get<sql::IntArray>();
  sql::TextArray array;
  for (const json& each : cell.at("s")) {
    array.push_back(each.is_null() ? std::nullopt : std::optional(unhex(each.get<std::string>())));
  }
  return array;
}

std::string unique_text() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return std::to_string(random());
}

std::string shown(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  return "…";
}

}  // namespace

std::string encode_table(const TableRecord& record) {
  json columns = json::array();
  for (const sql::Column& column : record.schema.columns) {
    columns.push_back({{"name", column.name},
                       {"type", static_cast<int>(column.type)},
                       {"nullable", column.nullable}});
  }
  return json({{"id", record.id},
               {"range", record.range},
               {"database", record.database},
               {"schema", record.schema.schema},
               {"name", record.schema.name},
               {"columns", columns},
               {"key", record.schema.primary_key}})
      .dump();
}

std::optional<TableRecord> decode_table(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  try {
    TableRecord record;
    record.id = value.at("id").get<std::int64_t>();
    record.range = value.at("range").get<std::int64_t>();
    record.database = value.at("database").get<std::string>();
    record.schema.schema = value.at("schema").get<std::string>();
    record.schema.name = value.at("name").get<std::string>();
    record.schema.oid = static_cast<std::uint32_t>(record.id);
    for (const json& column : value.at("columns")) {
      record.schema.columns.push_back({column.at("name").get<std::string>(),
                                       static_cast<sql::Type>(column.at("type").get<int>()),
                                       column.at("nullable").get<bool>()});
    }
    record.schema.primary_key = value.at("key").get<std::vector<std::size_t>>();
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string UserTable::key_of(const Row& row) const {
  std::string key = "row";
  for (const std::size_t column : record_.schema.primary_key) {
    const Value& value = row[column];
    const auto* number = std::get_if<std::int64_t>(&value);
    key += "/" + (number != nullptr ? ordered(*number) : cell(value).dump());
  }
  return key;
}

SqlError UserTable::duplicate(const std::vector<Row>& rows, const std::string& key) const {
  SqlError error{
      "23505",
      "duplicate key value violates unique constraint \"" + record_.schema.name + "_pkey\"",
      "",
      "",
      "errors.go",
      134,
      "NewUniquenessConstraintViolationError"};
  error.constraint = record_.schema.name + "_pkey";
  for (const Row& row : rows) {
    if (key_of(row) != key) continue;
    std::string names;
    std::string values;
    for (const std::size_t column : record_.schema.primary_key) {
      names += (names.empty() ? "" : ", ") + record_.schema.columns[column].name;
      values += (values.empty() ? "" : ", ") + shown(row[column]);
    }
    error.detail = "Key (" + names + ")=(" + values + ") already exists.";
    break;
  }
  return error;
}

Rows UserTable::read(const Context& context, const KeyFilter& filter) {
  if (auto error = refused(context, "SELECT")) return *error;
  cluster::KvRequest request;
  request.range = record_.range;
  request.prefix = "row/";
  const bool by_key = !filter.keys.empty() && record_.schema.primary_key.size() == 1;
  if (by_key) {
    for (const std::int64_t key : filter.keys) request.keys.push_back("row/" + ordered(key));
  }
  auto answer = ask_range(engine_, context, request);
  if (auto* error = std::get_if<SqlError>(&answer)) return *error;
  const auto& reply = std::get<cluster::KvReply>(answer);
  engine_.with([&](cluster::Node& node) { node.cache_database(record_.database); });
  std::vector<Row> rows;
  for (const auto& [key, text] : reply.rows) {
    const json stored = json::parse(text, nullptr, false);
    if (!stored.is_object() || !stored.contains("r")) continue;
    Row row;
    for (const json& each : stored["r"]) row.push_back(value_of(each));
    row.resize(record_.schema.columns.size(), sql::Null{});
    rows.push_back(std::move(row));
  }
  return rows;
}

SqlResult<std::int64_t> UserTable::upsert(const Context& context, const std::vector<Row>& rows,
                                          bool must_be_new) {
  // An UPSERT reads what it replaces; the server names SELECT first, as recorded.
  for (const char* privilege : {"SELECT", "INSERT"}) {
    if (auto error = refused(context, privilege)) return *error;
  }
  if (rows.size() > kRowsPerStatementMax) {
    return SqlError{"54000", "the simulated server takes at most 10000 rows in one statement"};
  }
  cluster::KvRequest request;
  request.range = record_.range;
  request.op = cluster::KvOp::write;
  // Marks this very statement: a repeat of it after a lost answer is no duplicate.
  const std::string mark = unique_text();
  for (const Row& row : rows) {
    json cells = json::array();
    for (const Value& value : row) cells.push_back(cell(value));
    const std::string key = key_of(row);
    for (const auto& earlier : request.puts) {
      if (must_be_new && earlier.key == key) return duplicate(rows, key);
    }
    request.puts.push_back({key, json({{"r", cells}, {"u", mark}}).dump(), must_be_new ? "" : "*"});
  }
  auto answer = ask_range(engine_, context, request);
  if (auto* error = std::get_if<SqlError>(&answer)) return *error;
  const auto& reply = std::get<cluster::KvReply>(answer);
  if (reply.status == cluster::KvStatus::conflict) return duplicate(rows, reply.conflict_key);
  return static_cast<std::int64_t>(rows.size());
}

SqlResult<std::int64_t> UserTable::erase(const Context& context, const std::vector<Row>& rows) {
  if (auto error = refused(context, "DELETE")) return *error;
  cluster::KvRequest request;
  request.range = record_.range;
  request.op = cluster::KvOp::write;
  for (const Row& row : rows) request.erases.push_back(key_of(row));
  auto answer = ask_range(engine_, context, request);
  if (auto* error = std::get_if<SqlError>(&answer)) return *error;
  const auto& reply = std::get<cluster::KvReply>(answer);
  return reply.number;
}

}  // namespace faultline::sim::tables
