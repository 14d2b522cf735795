// Who may read what, release by release, and in which words it is refused.
#include <gtest/gtest.h>

#include "simulator/tables/catalog.hpp"
#include "tests/unit/simulator/no_store.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Release;

/// A node of one release that has just read who the users are.
class Access {
 public:
  explicit Access(Release release)
      : node_(config_of(release), {{&store_, {}, {}}}, cluster::wall_now()) {
    node_.know_users();
  }
  Role& role() { return role_; }
  /// What reading the table says to user usr with that role; "" when it may.
  std::string refusal(const std::string& name, Guard guard) {
    node_.hear("user/usr", encode_role(role_));
    const auto error = refuse_read(roles_, node_.profile(), context(), guard, name);
    EXPECT_EQ(error ? error->sqlstate : "42501", "42501");
    return error ? error->message : "";
  }
  std::string setting_refusal(bool sets) {
    node_.hear("user/usr", encode_role(role_));
    const auto error = refuse_setting(roles_, node_.profile(), context(), "version", sets);
    return error ? error->message : "";
  }
  static sql::Context context() {
    sql::Context context;
    context.user = "usr";
    return context;
  }

 private:
  static cluster::NodeConfig config_of(Release release) {
    cluster::NodeConfig config;
    config.profile = &cluster::profile(release);
    return config;
  }
  NoStore store_;
  cluster::Node node_;
  cluster::Engine engine_{node_, [] {}};
  Roles roles_{engine_};
  Role role_{"usr", "", true, false, {}, {}, {}};
};

TEST(Access, WithoutARoleTheRecordedReleaseRefusesInTheRecordedWords) {
  Access usr(Release::v22_1);
  const std::string admin = "only users with the admin role are allowed to ";
  EXPECT_EQ(usr.refusal("gossip_nodes", Guard::metadata),
            admin + "read crdb_internal.gossip_nodes");
  EXPECT_EQ(usr.refusal("kv_node_liveness", Guard::metadata),
            admin + "read crdb_internal.node_liveness");
  EXPECT_EQ(usr.refusal("node_runtime_info", Guard::metadata),
            admin + "access the node runtime information");
  EXPECT_EQ(usr.refusal("ranges", Guard::ranges),
            "only users with the ZONECONFIG privilege or the admin role can read "
            "crdb_internal.ranges_no_leases");
  EXPECT_EQ(usr.refusal("cluster_settings", Guard::settings),
            "only users with the MODIFYCLUSTERSETTING privilege are allowed to read "
            "crdb_internal.cluster_settings");
  EXPECT_EQ(usr.refusal("rangelog", Guard::select),
            "user usr does not have SELECT privilege on relation rangelog");
  EXPECT_EQ(usr.refusal("node_build_info", Guard::everyone), "");
  EXPECT_EQ(usr.setting_refusal(false), admin + "show cluster setting 'version'");
  EXPECT_EQ(usr.setting_refusal(true), admin + "set cluster setting 'version'");
}

struct Lift {
  const char* privilege;
  Guard guard;
  Release first;  ///< From here on the privilege opens it.
};

TEST(Access, PrivilegesOpenTablesFromTheirReleaseOn) {
  for (const Lift& lift : {Lift{"VIEWCLUSTERMETADATA", Guard::metadata, Release::v23_1},
                           Lift{"VIEWACTIVITY", Guard::ranges, Release::v23_1},
                           Lift{"VIEWACTIVITYREDACTED", Guard::ranges, Release::v23_1},
                           Lift{"VIEWSYSTEMTABLE", Guard::select, Release::v23_1},
                           Lift{"MODIFYCLUSTERSETTING", Guard::settings, Release::v22_1},
                           Lift{"VIEWCLUSTERSETTING", Guard::settings, Release::v22_2}}) {
    for (const cluster::Profile& each : cluster::profiles()) {
      Access usr(each.release);
      EXPECT_NE(usr.refusal("x", lift.guard), "") << each.name;
      usr.role().privileges = {lift.privilege};
      EXPECT_EQ(usr.refusal("x", lift.guard).empty(), each.release >= lift.first)
          << lift.privilege << " in " << each.name;
    }
  }
}

TEST(Access, ZoneconfigOnAnythingOpensRangesAndAdminOpensAll) {
  Access usr(Release::v22_1);
  usr.role().granted["table/app.public.kv"] = {"ZONECONFIG"};
  EXPECT_EQ(usr.refusal("ranges", Guard::ranges), "");
  EXPECT_NE(usr.refusal("gossip_nodes", Guard::metadata), "");
  usr.role().admin = true;
  for (const Guard guard : {Guard::metadata, Guard::ranges, Guard::settings, Guard::select}) {
    EXPECT_EQ(usr.refusal("x", guard), "");
  }
}

TEST(Access, LaterReleasesNameTheMissingPrivilege) {
  Access usr(Release::v24_3);
  EXPECT_EQ(usr.refusal("gossip_nodes", Guard::metadata),
            "user usr does not have VIEWCLUSTERMETADATA system privilege");
  EXPECT_EQ(usr.refusal("ranges_no_leases", Guard::ranges),
            "only users with the VIEWACTIVITY or VIEWACTIVITYREDACTED or ZONECONFIG privilege or "
            "the admin role can read crdb_internal.ranges_no_leases");
}

TEST(Roles, SurviveTheirEncoding) {
  const Role role{"a", "v", false, true, {"X"}, {{"table/a.public.b", {"SELECT"}}}, {{"k", "v"}}};
  const auto back = decode_role(encode_role(role));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->verifier, "v");
  EXPECT_FALSE(back->may_login);
  EXPECT_TRUE(back->admin);
  EXPECT_EQ(back->granted, role.granted);
  EXPECT_EQ(back->variables, role.variables);
  EXPECT_FALSE(decode_role("dropped"));
  EXPECT_FALSE(decode_role("{}"));
}

}  // namespace
}  // namespace faultline::sim::tables
