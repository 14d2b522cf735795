#include "simulator/pgwire/message.hpp"

#include <utility>

#include "simulator/sql/types.hpp"

namespace faultline::sim::pgwire {

using sql::append_integer;

std::uint64_t PayloadReader::integer(std::size_t bytes) {
  return sql::read_integer(this->bytes(bytes));
}

std::string PayloadReader::text() {
  const std::size_t end = rest_.find('\0');
  if (end == std::string_view::npos) {
    ok_ = false;
    return {};
  }
  std::string found(rest_.substr(0, end));
  rest_.remove_prefix(end + 1);
  return found;
}

char PayloadReader::byte() {
  const std::string_view one = bytes(1);
  return one.empty() ? '\0' : one.front();
}

std::string_view PayloadReader::bytes(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view found = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return found;
}

void MessageWriter::begin(char type) {
  out_ += type;
  start_ = out_.size();
  append_integer(out_, 0, 4);
}

void MessageWriter::end() {
  std::string length;
  append_integer(length, out_.size() - start_, 4);
  out_.replace(start_, 4, length);
}

void MessageWriter::plain(char type) {
  begin(type);
  end();
}

void MessageWriter::authentication_ok() {
  begin('R');
  append_integer(out_, 0, 4);
  end();
}

void MessageWriter::authentication(std::uint32_t code, std::string_view body) {
  begin('R');
  append_integer(out_, code, 4);
  out_.append(body);
  end();
}

void MessageWriter::parameter_status(std::string_view name, std::string_view value) {
  begin('S');
  out_.append(name).push_back('\0');
  out_.append(value).push_back('\0');
  end();
}

void MessageWriter::backend_key(std::uint32_t pid, std::uint32_t secret) {
  begin('K');
  append_integer(out_, pid, 4);
  append_integer(out_, secret, 4);
  end();
}

void MessageWriter::ready(char status) {
  begin('Z');
  out_ += status;
  end();
}

// The fields that the real server sends, in its order: never V, S always ERROR.
void MessageWriter::error(const sql::SqlError& error) {
  begin('E');
  const auto field = [&](char code, std::string_view value) {
    if (value.empty()) return;
    out_ += code;
    // A zero byte inside would end the field early.
    for (const char c : value) out_ += c == '\0' ? '?' : c;
    out_ += '\0';
  };
  field('S', "ERROR");
  field('C', error.sqlstate);
  field('D', error.detail);
  field('H', error.hint);
  field('n', error.constraint);
  field('F', error.file);
  field('L', error.line == 0 ? "" : std::to_string(error.line));
  field('R', error.routine);
  field('M', error.message);
  out_ += '\0';
  end();
}

void MessageWriter::command_complete(std::string_view tag) {
  begin('C');
  out_.append(tag).push_back('\0');
  end();
}

void MessageWriter::parameter_description(const std::vector<std::uint32_t>& oids) {
  begin('t');
  append_integer(out_, oids.size(), 2);
  for (const std::uint32_t oid : oids) append_integer(out_, oid, 4);
  end();
}

void MessageWriter::row_description(const sql::Fields& fields,
                                    const std::vector<sql::Format>& formats) {
  begin('T');
  append_integer(out_, fields.size(), 2);
  for (std::size_t at = 0; at < fields.size(); ++at) {
    const sql::Field& field = fields[at];
    const sql::WireType type = sql::wire_type(field.type);
    out_.append(field.name).push_back('\0');
    append_integer(out_, field.table_oid, 4);
    append_integer(out_, static_cast<std::uint16_t>(field.attribute), 2);
    append_integer(out_, type.oid, 4);
    append_integer(out_, static_cast<std::uint16_t>(type.length), 2);
    append_integer(out_, 0xFFFFFFFFU, 4);  // No type modifier.
    const sql::Format format = formats.empty() ? sql::Format::text : formats[at];
    append_integer(out_, static_cast<std::uint16_t>(format), 2);
  }
  end();
}

std::optional<sql::SqlError> MessageWriter::data_row(const sql::Row& row, const sql::Fields& fields,
                                                     const std::vector<sql::Format>& formats) {
  const std::size_t before = out_.size();
  begin('D');
  append_integer(out_, fields.size(), 2);
  for (std::size_t at = 0; at < fields.size(); ++at) {
    const sql::Format format = formats.empty() ? sql::Format::text : formats[at];
    const auto encoded = sql::encode(row[at], fields[at].type, format);
    if (const auto* error = std::get_if<sql::SqlError>(&encoded)) {
      out_.resize(before);
      return *error;
    }
    const auto& cell = std::get<std::optional<std::string>>(encoded);
    append_integer(out_, cell ? cell->size() : 0xFFFFFFFFU, 4);
    if (cell) out_ += *cell;
  }
  end();
  return std::nullopt;
}

}  // namespace faultline::sim::pgwire
