#include "simulator/cluster/message.hpp"

#include <array>
#include <utility>

#include "simulator/cluster/codec.hpp"

namespace faultline::sim::cluster {
namespace {

using Json = nlohmann::json;

// In the order of the variant.
constexpr std::array<std::string_view, std::variant_size_v<Message>> kNames = {
    "hello",    "ping",         "gossip",     "prepare",      "promise",
    "accept",   "accepted",     "take_lease", "drop_replica", "kv_request",
    "kv_reply", "join_request", "join_reply", "drain_node"};

template <std::size_t... I>
std::optional<Message> decode_as(std::string_view name, const Json& body,
                                 std::index_sequence<I...> /*all*/) {
  std::optional<Message> found;
  ((name == kNames[I] ? void(found = body.get<std::variant_alternative_t<I, Message>>()) : void()),
   ...);
  return found;
}

}  // namespace

std::string encode(const Message& message) {
  Json body;
  std::visit([&body](const auto& value) { body = value; }, message);
  const Json whole = {{"m", kNames[message.index()]}, {"b", std::move(body)}};
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Message> decode(std::string_view text) {
  const Json whole = Json::parse(text, nullptr, false);
  try {
    if (whole.is_discarded()) return std::nullopt;
    return decode_as(whole.at("m").get<std::string>(), whole.at("b"),
                     std::make_index_sequence<std::variant_size_v<Message>>());
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string encode_liveness(const Liveness& record) { return to_text(record); }
std::optional<Liveness> decode_liveness(const std::string& text) {
  return from_text<Liveness>(text);
}
std::string encode_descriptor(const Descriptor& descriptor) { return to_text(descriptor); }
std::optional<Descriptor> decode_descriptor(const std::string& text) {
  return from_text<Descriptor>(text);
}
std::string encode_store(const StoreDescriptor& store) { return to_text(store); }
std::optional<StoreDescriptor> decode_store(const std::string& text) {
  return from_text<StoreDescriptor>(text);
}
std::string encode_node(const NodeDescriptor& node) { return to_text(node); }
std::optional<NodeDescriptor> decode_node(const std::string& text) {
  return from_text<NodeDescriptor>(text);
}

}  // namespace faultline::sim::cluster
