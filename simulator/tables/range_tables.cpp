// crdb_internal.ranges_no_leases and ranges: what meta2 says, and whom to ask.
#include <algorithm>

#include "simulator/cluster/layout.hpp"
#include "simulator/tables/range_rows.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Descriptor;
using cluster::Engine;
using cluster::KvReply;
using cluster::KvRequest;
using cluster::Node;

constexpr const char* kDeprecatedSetting = "sql.show_ranges_deprecated_behavior.enabled";

// How long crdb_internal.ranges waits for one range that does not answer. That it waits is
// documented (25.1); how long is not, so this is an assumption.
constexpr double kLeaseWaitSeconds = 10;

// replicas is sorted; voting_replicas keeps the order of the descriptor, as recorded.
Row range_row(Node& node, const Descriptor& each, bool names) {
  sql::IntArray sorted = each.stores;
  std::ranges::sort(sorted);
  sql::TextArray localities;
  for (const std::int64_t store : sorted) localities.emplace_back(locality_of(node, each, store));
  Row row = {each.range, bytes_of(each.start_key), each.start_pretty, bytes_of(each.end_key),
             each.end_pretty};
  if (names) {
    row.insert(row.end(), {each.table_id, each.database, each.schema, each.table, std::string()});
  }
  row.insert(row.end(),
             {sorted, localities, each.stores, sql::IntArray{}, sql::IntArray{}, sql::Null{}});
  return row;
}

// The view asks every leaseholder, and hangs on a peer that neither answers nor refuses (a
// paused one), however long ago its leases went elsewhere: as recorded from 22.1.
std::optional<SqlError> wait_for_silent_peers(Engine& engine, const cluster::Profile& profile,
                                              const Context& context) {
  if (profile.ranges_with_errors()) return std::nullopt;
  const auto end =
      engine.wait_until(patience_of(context), [](Node& node) { return !node.has_silent_peer(); });
  if (end != cluster::WaitEnd::answered) return wait_error(end);
  return std::nullopt;
}

void add_lease(Row& row, const LeaseAnswer& lease, bool with_errors) {
  if (lease.error.empty()) {
    row.emplace_back(lease.holder);
    row.emplace_back(lease.bytes);
    if (with_errors) row.emplace_back(sql::Null{});
  } else {
    row.emplace_back(sql::Null{});
    row.emplace_back(sql::Null{});
    if (with_errors) row.emplace_back(lease.error);
  }
}

Rows read_ranges(const TableMaker& maker, const Context& context, bool with_leases, bool names) {
  Engine& engine = maker.engine;
  if (auto error = need_database(engine, context)) return *error;
  auto found = read_descriptors(engine, context);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  const auto& descriptors = std::get<std::vector<Descriptor>>(found);
  std::vector<LeaseAnswer> leases;
  if (with_leases) {
    if (auto error = wait_for_silent_peers(engine, maker.profile, context)) return *error;
    auto asked = ask_each_lease(engine, maker.profile, context, descriptors);
    if (auto* error = std::get_if<SqlError>(&asked)) return *error;
    leases = std::move(std::get<std::vector<LeaseAnswer>>(asked));
  }
  const bool with_errors = maker.profile.ranges_with_errors();
  return engine.with([&](Node& node) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      Row row = range_row(node, descriptors[i], names);
      if (with_leases) add_lease(row, leases[i], with_errors);
      rows.push_back(std::move(row));
    }
    return rows;
  });
}

/// Two schemas of one table, where a cluster setting of 23.1 chooses.
class EitherTable final : public sql::Table {
 public:
  EitherTable(const TableMaker& maker, std::unique_ptr<sql::Table> old_one,
              std::unique_ptr<sql::Table> new_one)
      : maker_(maker), old_(std::move(old_one)), new_(std::move(new_one)) {}

  const TableSchema& schema() const override { return now().schema(); }
  Rows read(const Context& context, const KeyFilter& filter) override {
    return now().read(context, filter);
  }
  SqlResult<std::int64_t> upsert(const Context& context, const std::vector<Row>& rows,
                                 bool must_be_new) override {
    return now().upsert(context, rows, must_be_new);
  }
  SqlResult<std::int64_t> erase(const Context& context, const std::vector<Row>& rows) override {
    return now().erase(context, rows);
  }

 private:
  [[nodiscard]] sql::Table& now() const {
    return has_old_ranges(maker_.engine, maker_.profile) ? *old_ : *new_;
  }
  TableMaker maker_;
  std::unique_ptr<sql::Table> old_, new_;
};

void add_ranges(const TableMaker& maker, bool with_leases) {
  const auto make = [&](bool names) {
    TableList made;
    const TableMaker into{maker.engine, maker.roles, maker.profile, made};
    into.add(Guard::ranges,
             system_schema(maker.profile, with_leases ? "ranges" : "ranges_no_leases", names),
             [maker, with_leases, names](const Context& context) {
               return read_ranges(maker, context, with_leases, names);
             });
    return std::move(made.front());
  };
  maker.list.push_back(std::make_unique<EitherTable>(maker, make(true), make(false)));
}

}  // namespace

std::string bytes_of(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

sql::TextArray localities_of(Node& node, const Descriptor& range) {
  sql::TextArray out;
  for (const std::int64_t store : range.stores) out.emplace_back(locality_of(node, range, store));
  return out;
}

std::string locality_of(Node& node, const Descriptor& range, std::int64_t store) {
  for (const auto& each : node.nodes()) {
    if (store != 0 && range.store_on(each.node) == store) return each.locality;
  }
  return "";
}

SqlResult<std::vector<LeaseAnswer>> ask_each_lease(Engine& engine, const cluster::Profile& profile,
                                                   const Context& context,
                                                   const std::vector<Descriptor>& descriptors) {
  std::vector<KvRequest> requests;
  for (const Descriptor& each : descriptors) {
    KvRequest request;
    request.range = each.range;
    request.op = cluster::KvOp::lease;
    requests.push_back(request);
  }
  std::vector<KvReply> replies;
  const double wait = profile.ranges_with_errors() ? kLeaseWaitSeconds : 0;
  const auto end = engine.ask_all(requests, patience_of(context), replies, wait);
  if (end != cluster::WaitEnd::answered) return wait_error(end);
  std::vector<LeaseAnswer> answers;
  for (const KvReply& reply : replies) {
    if (reply.status != cluster::KvStatus::unavailable) {
      answers.push_back({reply.store, reply.number, ""});
    } else if (profile.ranges_with_errors()) {
      answers.push_back({0, 0, reply.actual});
    } else {
      return unavailable_error(engine, reply);
    }
  }
  return answers;
}

bool has_old_ranges(Engine& engine, const cluster::Profile& profile) {
  if (!profile.ranges_names_by_setting()) return !profile.ranges_without_names();
  return engine.with([](Node& node) { return node.setting(kDeprecatedSetting, "true"); }) == "true";
}

SqlResult<std::vector<Descriptor>> read_descriptors(Engine& engine, const Context& context) {
  auto found = read_range(engine, context, cluster::kMetaRange, "meta2/");
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  std::vector<Descriptor> all;
  for (const auto& [key, value] :
       std::get<std::vector<std::pair<std::string, std::string>>>(found)) {
    if (auto descriptor = cluster::decode_descriptor(value)) all.push_back(std::move(*descriptor));
  }
  std::ranges::sort(all, {}, &Descriptor::start_key);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    all[i].end_key = all[i + 1].start_key;
    all[i].end_pretty = all[i + 1].start_pretty;
  }
  if (!all.empty()) {
    all.back().end_key = "ffff";
    all.back().end_pretty = "/Max";
  }
  return all;
}

void add_range_tables(const TableMaker& maker) {
  add_ranges(maker, false);
  add_ranges(maker, true);
}

}  // namespace faultline::sim::tables
