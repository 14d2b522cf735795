#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "exporter/sources/node_http.hpp"
#include "exporter/sources/sql_session.hpp"

namespace faultline::test {

inline Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds{2}; }

/// Answers statements from a table; what is not in it is an SQL error.
struct FakeDatabase {
  std::map<std::string, sql::Rows> tables;
  std::vector<std::string> asked;
  std::int64_t generation = 1;

  struct Session final : sql::Session {
    explicit Session(FakeDatabase& owner) : database(owner) {}
    Result<sql::Rows> query(const std::string& statement, Deadline) override {
      database.asked.push_back(statement);
      const auto rows = database.tables.find(statement);
      if (rows == database.tables.end()) return Error{ErrorCode::upstream, "42501: no"};
      return rows->second;
    }
    std::int64_t generation() const override { return database.generation; }
    FakeDatabase& database;
  };
  sql::SessionFactory factory() {
    return [this](const std::string&) { return std::make_unique<Session>(*this); };
  }
};

struct HttpSources : testing::Test {
  net::AddressBook book;
  net::HttpClient http{book};
  SystemClock clock;
  sources::NodeHttp nodes{http, "", clock};
  FakeDatabase database;
};

/// Of node 2.
inline const std::string kPage = "liveness_livenodes 3\nnode_id{sql_addr=\"x:1\"} 2\n";

}  // namespace faultline::test
