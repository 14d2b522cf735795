#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/sql/catalog.hpp"
#include "simulator/sql/encode.hpp"
#include "simulator/sql/plan.hpp"

namespace faultline::sim::pgwire {

// Larger than anything a client of a simulated node has to say; the real limit too.
inline constexpr std::size_t kMessageMax = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kStartupMax = 10'000;

/// Reads the payload of one message. What is not there reads as nothing and makes
/// ok() false for good, so that a handler checks once, after the last field.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload) : rest_(payload) {}

  std::uint64_t integer(std::size_t bytes);
  std::string text();  ///< Up to a zero byte.
  char byte();
  std::string_view bytes(std::size_t count);
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Appends messages to a buffer.
class MessageWriter {
 public:
  void authentication_ok();
  /// AuthenticationSASL (10), ...Continue (11), ...Final (12) with what belongs to it.
  void authentication(std::uint32_t code, std::string_view body);
  void parameter_status(std::string_view name, std::string_view value);
  void backend_key(std::uint32_t pid, std::uint32_t secret);
  void ready(char status);
  void error(const sql::SqlError& error);
  void command_complete(std::string_view tag);
  void parameter_description(const std::vector<std::uint32_t>& oids);
  /// `formats` is empty (all text) or as long as `fields`.
  void row_description(const sql::Fields& fields, const std::vector<sql::Format>& formats);
  /// Nothing is appended when a cell cannot be encoded: then the error.
  std::optional<sql::SqlError> data_row(const sql::Row& row, const sql::Fields& fields,
                                        const std::vector<sql::Format>& formats);
  /// A message without a body: '1', '2', '3', 'n', 's', 'I'.
  void plain(char type);
  void raw(std::string_view bytes) { out_ += bytes; }

  [[nodiscard]] std::string take() { return std::exchange(out_, {}); }

 private:
  void begin(char type);
  void end();

  std::string out_;
  std::size_t start_ = 0;
};

}  // namespace faultline::sim::pgwire
