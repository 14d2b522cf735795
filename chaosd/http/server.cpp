#include "chaosd/http/server.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include <pistache/endpoint.h>

#include "chaosd/http/reply.hpp"

namespace faultline::chaos {

namespace {

namespace Http = Pistache::Http;
using namespace std::chrono_literals;

constexpr std::size_t kHeadersMax = 16 << 10;
// Pistache counts a request that waits for its answer as one that sends no header, and
// would answer 408 in our place: longer than the longest poll.
constexpr auto kHeaderTimeout = 40s;
constexpr auto kKeepaliveTimeout = 10s;

/// How many requests wait for their reply, so that leaving can wait for them. Any thread.
class InFlight {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    count_ += 1;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    count_ -= 1;
    if (count_ == 0) none_.notify_all();
  }
  void wait_for_none(milliseconds patience) {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, patience, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;  // Guards count_.
  std::condition_variable none_;
  int count_ = 0;
};

/// A header with any name and value; Pistache writes only typed ones.
class PlainHeader final : public Http::Header::Header {
 public:
  PlainHeader(std::string name, std::string value)
      : name_(std::move(name)), value_(std::move(value)) {}
  [[nodiscard]] const char* name() const override { return name_.c_str(); }
  [[nodiscard]] std::uint64_t hash() const override { return 0; }
  void write(std::ostream& stream) const override { stream << value_; }

 private:
  std::string name_;
  std::string value_;
};

/// The reply to one request: sent at most once, from whatever thread comes first.
class Answer {
 public:
  Answer(Http::ResponseWriter writer, std::shared_ptr<InFlight> in_flight, Logger log)
      : writer_(std::move(writer)), in_flight_(std::move(in_flight)), log_(std::move(log)) {
    in_flight_->enter();
  }
  ~Answer() { in_flight_->leave(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void send(const Reply& reply);

 private:
  Http::ResponseWriter writer_;
  std::shared_ptr<InFlight> in_flight_;
  Logger log_;
  std::once_flag sent_;
};

void Answer::send(const Reply& reply) {
  std::call_once(sent_, [&] {
    try {
      const auto add = [&](const std::string& name, const std::string& value) {
        writer_.headers().add(std::make_shared<PlainHeader>(name, value));
      };
      add("Content-Type", reply.content_type);
      add("Cache-Control", "no-store");
      add("X-Content-Type-Options", "nosniff");
      for (const auto& [name, value] : reply.headers) add(name, value);
      writer_.send(static_cast<Http::Code>(reply.status), reply.body);
    } catch (const std::exception& gone) {
      // The caller hung up while it waited; nobody is left to tell.
      log_->debug("reply not sent error={}", gone.what());
    }
  });
}

std::optional<std::string> header_of(const Http::Request& request, const char* name) {
  const auto raw = request.headers().tryGetRaw(name);
  if (!raw) return std::nullopt;
  return raw->value();
}

HttpRequestIn read(const Http::Request& request) {
  HttpRequestIn in;
  in.method = Http::methodString(request.method());
  in.path = request.resource();
  for (auto item = request.query().parameters_begin(); item != request.query().parameters_end();
       ++item) {
    in.query[item->first] = item->second;
  }
  in.host = header_of(request, "Host");
  in.origin = header_of(request, "Origin");
  in.content_type = header_of(request, "Content-Type");
  in.authorization = header_of(request, "Authorization");
  in.body = request.body();
  in.remote = request.address().host();
  in.idempotency_key = header_of(request, "Idempotency-Key");
  in.request_id = header_of(request, "X-Request-Id");
  return in;
}

/// What Pistache reads in its own way: a Content-Length that is no number counts as 0 there,
/// and beside Transfer-Encoding two readers may disagree where a request ends.
std::optional<std::string> framing_fault(const Http::Request& request) {
  const auto length = header_of(request, "Content-Length");
  if (!length) return std::nullopt;
  if (header_of(request, "Transfer-Encoding")) {
    return "Content-Length and Transfer-Encoding are both given; send one";
  }
  const auto number = strict_integer(*length);
  if (!number || *number < 0 || static_cast<std::size_t>(*number) != request.body().size()) {
    return "Content-Length is not the length of the body";
  }
  return std::nullopt;
}

/// Copied by Pistache for each of its threads: holds only what may be shared.
class Door final : public Http::Handler {
 public:
  HTTP_PROTOTYPE(Door)

  Door(const Api& api, std::shared_ptr<InFlight> in_flight, Logger log)
      : api_(&api), in_flight_(std::move(in_flight)), log_(std::move(log)) {}

  void onRequest(const Http::Request& request, Http::ResponseWriter writer) override {
    // Shared with the feed when the request is a long poll.
    const auto answer = std::make_shared<Answer>(std::move(writer), in_flight_, log_);
    if (const auto fault = framing_fault(request)) {
      return answer->send(error_reply({ErrorCode::malformed, *fault}));
    }
    try {
      api_->handle(read(request), [answer](const Reply& reply) { answer->send(reply); });
    } catch (const std::exception& exception) {
      // Pistache would answer with the text of the exception.
      log_->error("request failed error={}", exception.what());
      answer->send(error_reply({ErrorCode::internal, exception.what()}));
    }
  }

 private:
  const Api* api_;  // Outlives the server.
  std::shared_ptr<InFlight> in_flight_;
  Logger log_;
};

}  // namespace

struct HttpServer::Impl {
  explicit Impl(const Pistache::Address& address) : endpoint(address) {}
  Http::Endpoint endpoint;
  std::shared_ptr<InFlight> in_flight = std::make_shared<InFlight>();
  bool stopped = false;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(milliseconds{0}); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options, const Api& api,
                                                      Logger log) {
  try {
    auto impl = std::make_unique<Impl>(Pistache::Address(options.listen_address));
    impl->endpoint.init(Http::Endpoint::options()
                            .threads(options.threads)
                            .flags(Pistache::Tcp::Options::ReuseAddr |
                                   Pistache::Tcp::Options::NoDelay |
                                   Pistache::Tcp::Options::CloseOnExec)
                            .maxRequestSize(Api::kBodyMax + kHeadersMax)
                            .headerTimeout(kHeaderTimeout)
                            .bodyTimeout(kHeaderTimeout)
                            .keepaliveTimeout(kKeepaliveTimeout));
    impl->endpoint.setHandler(std::make_shared<Door>(api, impl->in_flight, std::move(log)));
    impl->endpoint.serveThreaded();
    return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
  } catch (const std::exception& exception) {
    return Error{ErrorCode::unavailable,
                 "cannot listen on " + options.listen_address + ": " + exception.what(),
                 "--web.listen-address"};
  }
}

std::uint16_t HttpServer::port() const { return impl_->endpoint.getPort(); }

void HttpServer::stop(milliseconds patience) {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->in_flight->wait_for_none(patience);
  impl_->endpoint.shutdown();
}

}  // namespace faultline::chaos
