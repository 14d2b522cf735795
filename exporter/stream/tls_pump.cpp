#include "exporter/stream/tls_pump.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace faultline::stream {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kChunk = 16 * 1024;  // One record of TLS.
constexpr milliseconds kGoodbye{1'000};

using HandOver = std::function<void(tcp::socket, ConnectionSlot)>;

class TlsPump : public std::enable_shared_from_this<TlsPump> {
 public:
  TlsPump(tcp::socket socket, ConnectionSlot slot, TlsContext context, TlsLimits limits,
          HandOver hand_over)
      : context_(std::move(context)),
        outside_(std::move(socket), *context_),
        inside_(outside_.get_executor()),
        patience_(outside_.get_executor()),
        slot_(std::move(slot)),
        limits_(limits),
        hand_over_(std::move(hand_over)) {}

  void start() {
    allow(limits_.handshake_max);
    outside_.async_handshake(asio::ssl::stream_base::server,
                             [self = shared_from_this()](const error_code& error) {
                               self->patience_.cancel();
                               if (error) return self->close();
                               self->connect();
                             });
  }

 private:
  void connect() {
    asio::local::stream_protocol::socket clear(outside_.get_executor());
    error_code error;
    asio::local::connect_pair(inside_, clear, error);
    if (error) return close();
    // Asio asks the kernel, not the type: to it a socket is a file that reads and writes.
    tcp::socket served(outside_.get_executor());
    served.assign(tcp::v4(), clear.release(error), error);
    if (error) return close();
    hand_over_(std::move(served), std::move(slot_));
    read_outside();
    read_inside();
  }

  void read_outside() {
    outside_.async_read_some(asio::buffer(inward_), [self = shared_from_this()](
                                                        const error_code& error, std::size_t size) {
      if (error) return self->end_inward();
      asio::async_write(self->inside_, asio::buffer(self->inward_, size),
                        [self](const error_code& failed, std::size_t) {
                          if (failed) return self->end_inward();
                          self->read_outside();
                        });
    });
  }

  /// The other side has said all; ours may still be answering.
  void end_inward() {
    error_code ignored;
    inside_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void read_inside() {
    inside_.async_read_some(asio::buffer(outward_),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                              if (error) return self->say_goodbye();
                              self->allow(self->limits_.write_max);
                              asio::async_write(self->outside_, asio::buffer(self->outward_, size),
                                                [self](const error_code& failed, std::size_t) {
                                                  self->patience_.cancel();
                                                  if (failed) return self->close();
                                                  self->read_inside();
                                                });
                            });
  }

  void say_goodbye() {
    allow(kGoodbye);
    outside_.async_shutdown([self = shared_from_this()](const error_code&) { self->close(); });
  }

  /// Closes everything unless `patience_` is cancelled in time.
  void allow(milliseconds time) {
    patience_.expires_after(time);
    patience_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->close();
    });
  }

  void close() {
    error_code ignored;
    patience_.cancel();
    inside_.close(ignored);
    outside_.lowest_layer().close(ignored);
  }

  TlsContext context_;  // Before the stream, which uses it.
  asio::ssl::stream<tcp::socket> outside_;
  asio::local::stream_protocol::socket inside_;
  asio::steady_timer patience_;
  ConnectionSlot slot_;
  TlsLimits limits_;
  HandOver hand_over_;
  std::array<char, kChunk> inward_{};
  std::array<char, kChunk> outward_{};
};

constexpr std::string_view kSessions = "faultline-exporter";  // Whose sessions may be resumed.

Error unusable(const std::string& field, const std::string& file, const error_code& error) {
  return {ErrorCode::invalid,
          "--web.config.file: tls_server_config." + field + " " + file +
              " cannot be used: " + error.message(),
          "--web.config.file"};
}

/// Asks clients for a certificate, and believes those that this CA signed.
Status ask_for_certificates(asio::ssl::context& context, const WebConfig::Tls& config) {
  namespace ssl = asio::ssl;
  error_code error;
  context.load_verify_file(config.client_ca_file, error);
  if (error) return unusable("client_ca_file", config.client_ca_file, error);
  // So that a client with several certificates knows which one.
  SSL_CTX_set_client_CA_list(context.native_handle(),
                             SSL_load_client_CA_file(config.client_ca_file.c_str()));
  SSL_CTX_set_session_id_context(context.native_handle(),
                                 reinterpret_cast<const unsigned char*>(kSessions.data()),
                                 static_cast<unsigned int>(kSessions.size()));
  context.set_verify_mode(
      ssl::verify_peer | (config.client_must_have_cert ? ssl::verify_fail_if_no_peer_cert : 0),
      error);
  if (error) return unusable("client_auth_type", config.client_ca_file, error);
  return kDone;
}

}  // namespace

Result<TlsContext> make_tls_context(const WebConfig::Tls& config) {
  namespace ssl = asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  const int least = config.min_version == "TLS13" ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_min_proto_version(context->native_handle(), least);
  const int most = config.max_version == "TLS12" ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_max_proto_version(context->native_handle(), most);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  error_code error;
  context->use_certificate_chain_file(config.cert_file, error);
  if (error) return unusable("cert_file", config.cert_file, error);
  context->use_private_key_file(config.key_file, ssl::context::pem, error);
  if (error) return unusable("key_file", config.key_file, error);
  if (config.client_ca_file.empty()) return context;
  if (const auto asked = ask_for_certificates(*context, config); !asked) return asked.error();
  return context;
}

void serve_tls(tcp::socket socket, ConnectionSlot slot, TlsContext context, TlsLimits limits,
               HandOver hand_over) {
  std::make_shared<TlsPump>(std::move(socket), std::move(slot), std::move(context), limits,
                            std::move(hand_over))
      ->start();
}

}  // namespace faultline::stream
