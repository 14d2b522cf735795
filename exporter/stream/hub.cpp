#include "exporter/stream/hub.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>

#include "common/wire/frame_json.hpp"

namespace faultline::stream {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBatch = 256;           // Some 2 ms of sending.
constexpr std::size_t kEventsOnConnect = 50;  // Enough to see what led to now.

}  // namespace

bool Mailbox::put(const SnapshotPtr& snapshot, const std::vector<ClusterEvent>& events) {
  const std::lock_guard lock(mutex_);
  const bool first = content_.snapshot == nullptr;
  content_.snapshot = snapshot;
  auto& all = content_.events;
  all.insert(all.end(), events.begin(), events.end());
  // Who missed so many asks the board, or sees it by the ids.
  if (all.size() > observe::Timeline::kEventsMax) {
    const auto excess = all.size() - observe::Timeline::kEventsMax;
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(excess));
  }
  return first;
}

Mailbox::Content Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(content_, {});
}

Hub::Hub(asio::io_context& io, const StreamOptions& options, observe::SnapshotBoard& board,
         Counters& counters, Logger log)
    : io_(io),
      options_(options),
      board_(board),
      counters_(counters),
      log_(std::move(log)),
      quiet_since_(std::chrono::steady_clock::now()),
      timer_(io) {}

void Hub::broadcast(Mailbox& mailbox) {
  if (round_.active) {
    waiting_ = &mailbox;
    return;
  }
  Mailbox::Content content = mailbox.take();
  if (!content.snapshot) return;
  const Publication* before = has_v1_clients() ? current_.get() : nullptr;
  current_ = std::make_unique<Publication>(std::move(content.snapshot), content.events, before);
  if (!content.events.empty()) last_event_id_ = content.events.back().id;
  begin_round(true);
}

void Hub::join(asio::ip::tcp::socket socket, ConnectionSlot slot, Protocol protocol,
               std::string_view unread) {
  auto client = std::make_shared<WsClient>(std::move(socket), std::move(slot), protocol, *this);
  clients_.push_back(client);
  ++counters_.clients;
  if (!ticking_) await_tick();
  greet(*client);
  client->start(unread);
}

void Hub::say_goodbye() {
  const Frame last = encode_close(CloseCode::going_away, "the exporter stops");
  for (const auto& client : clients_) client->close(last);
}

Frame Hub::heartbeat() const {
  const wire::FrameHead head{options_.boot, current_ ? current_->seq() : 0};
  return encode(Opcode::text, wire::heartbeat_frame(head, SystemClock{}.wall()));
}

void Hub::count_sent(std::size_t bytes, bool whole_message) {
  counters_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (whole_message) counters_.messages.fetch_add(1, std::memory_order_relaxed);
}

void Hub::count_dropped(std::string_view why) {
  ++counters_.dropped;
  log_->warn("client dropped reason={} clients={}", why, counters_.clients.load() - 1);
}

void Hub::left() {
  ++gone_;
  --counters_.clients;
}

void Hub::begin_round(bool news) {
  remove_gone();
  quiet_since_ = std::chrono::steady_clock::now();
  round_ = Round{};
  round_.active = true;
  round_.news = news;
  round_.count = clients_.size();
  if (!news) {
    round_.heartbeat = heartbeat();
    round_.ping = encode(Opcode::ping, {});
  }
  send_batch();
}

void Hub::send_batch() {
  const std::size_t end = std::min(round_.next + kBatch, round_.count);
  for (; round_.next < end; ++round_.next) {
    WsClient& client = *clients_[round_.next];
    if (round_.news) {
      client.offer(*current_);
    } else {
      client.offer_news(client.protocol() == Protocol::bare ? round_.ping : round_.heartbeat);
    }
  }
  if (round_.next < round_.count) {
    asio::post(io_, [this] { send_batch(); });
    return;
  }
  round_.active = false;
  if (Mailbox* mailbox = std::exchange(waiting_, nullptr)) {
    // Not at once: with a constant stream of publications nothing else would run.
    asio::post(io_, [this, mailbox] { broadcast(*mailbox); });
  }
}

void Hub::greet(WsClient& client) {
  if (client.protocol() == Protocol::faultline_v1) {
    const wire::FrameHead head{options_.boot, current_ ? current_->seq() : 0};
    client.offer_news(
        encode(Opcode::text, wire::hello_frame(head, options_.server, options_.heartbeat)));
    // What has gone round; the rest comes with the next round.
    for (const auto& event : board_.latest_events(kEventsOnConnect, last_event_id_)) {
      client.offer_news(encode(Opcode::text, wire::event_frame(head, event)));
    }
  }
  if (current_) client.offer_whole(*current_);
}

bool Hub::has_v1_clients() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const auto& client) {
    return client->protocol() == Protocol::faultline_v1 && !client->gone();
  });
}

void Hub::remove_gone() {
  if (gone_ == 0) return;
  std::erase_if(clients_, [](const auto& client) { return client->gone(); });
  gone_ = 0;
}

void Hub::await_tick() {
  ticking_ = true;
  const auto shortest = std::min(options_.heartbeat, options_.write_max) / 4;
  timer_.expires_after(std::clamp(shortest, milliseconds{5}, milliseconds{1000}));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick();
    ticking_ = false;
    if (!clients_.empty()) await_tick();
  });
}

void Hub::tick() {
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& client : clients_) client->look_after(now);
  if (round_.active) return;
  remove_gone();
  if (!clients_.empty() && now - quiet_since_ >= options_.heartbeat) begin_round(false);
}

}  // namespace faultline::stream
