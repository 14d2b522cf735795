#include "exporter/cluster_config.hpp"

#include <filesystem>

namespace faultline::exporter {

namespace {

/// libpq misses the file only when it dials, again and again.
std::string certs_complaint(const std::string& text) {
  if (auto wrong = config::is_directory()(text); !wrong.empty()) return wrong;
  std::error_code ignored;
  return std::filesystem::exists(text + "/ca.crt", ignored) ? "" : "it holds no ca.crt";
}

std::string user_complaint(const std::string& text) {
  return text.empty() ? "use the name of an SQL user, as root" : "";
}

Status check_together(const ClusterConfig& parsed) {
  if (parsed.sql.empty()) {
    return Error{ErrorCode::invalid, "--cockroach.sql is empty; use host:port, as 127.0.0.1:26257",
                 "--cockroach.sql"};
  }
  if (!parsed.login.password.empty() && parsed.login.certs_dir.empty()) {
    return Error{ErrorCode::invalid,
                 "--cockroach.password-file needs --cockroach.certs-dir: a password is not sent "
                 "over a connection without TLS",
                 "--cockroach.password-file"};
  }
  return kDone;
}

Status read_into(Secret& to, const std::string& flag, const std::string& path) {
  if (path.empty()) return kDone;
  auto secret = config::read_secret(flag, path);
  if (!secret) return secret.error();
  to = Secret{std::move(secret).value()};
  return kDone;
}

}  // namespace

void add_cluster_flags(config::Options& options, ClusterConfig& to, SecretFiles& files) {
  using namespace config;
  options.add_list("cockroach.sql", to.sql, "SQL addresses of nodes; others are discovered",
                   is_endpoint());
  options.add_list("cockroach.http", to.http, "HTTP addresses of nodes; others are discovered",
                   is_endpoint());
  options.add("cockroach.user", to.login.user, "SQL user", user_complaint);
  options.add("cockroach.password-file", files.password, "File with the SQL user's password",
              is_readable_file());
  options.add("cockroach.certs-dir", to.login.certs_dir,
              "Directory with ca.crt and the client's certificate; turns TLS on", certs_complaint);
  options.add_list("cockroach.setting", to.session_settings,
                   "Session setting for every connection, as name=value",
                   sql::check_session_setting);
  options.add("chaosd.address", to.chaosd_address, "Where chaosd listens; empty: monitor only",
              is_endpoint());
  options.add("chaosd.token-file", files.token, "File with the bearer token for chaosd",
              is_readable_file());
  options.add_switch("collector.probe", to.collect_probe,
                     "Write and read through every node, in a database of its own");
}

const std::vector<ClusterFlag>& cluster_flags() {
  static const std::vector<ClusterFlag> kFlags{
      {"cockroach.sql"},     {"cockroach.http"},
      {"cockroach.user"},    {"cockroach.password-file", true},
      {"cockroach.setting"}, {"cockroach.certs-dir", true},
      {"chaosd.address"},    {"chaosd.token-file", true},
      {"collector.probe"}};
  return kFlags;
}

Status complete(ClusterConfig& config, const SecretFiles& files) {
  auto status = read_into(config.login.password, "cockroach.password-file", files.password);
  if (status) status = read_into(config.chaosd_token, "chaosd.token-file", files.token);
  return status ? check_together(config) : status;
}

}  // namespace faultline::exporter
