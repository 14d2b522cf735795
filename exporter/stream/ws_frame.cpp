#include "exporter/stream/ws_frame.hpp"

#include <utility>

namespace faultline::stream {

namespace {

constexpr std::size_t kControlMax = 125;

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

std::uint8_t byte_at(const std::string& bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

std::uint64_t big_endian(const std::string& bytes, std::size_t from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8U | byte_at(bytes, from + i);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned shift = bytes * 8; shift > 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> (shift - 8) & 0xFFU));
  }
}

}  // namespace

Frame encode(Opcode opcode, std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + 10);
  frame.push_back(static_cast<char>(0x80U | static_cast<std::uint8_t>(opcode)));
  if (payload.size() <= kControlMax) {
    frame.push_back(static_cast<char>(payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    frame.push_back(126);
    append_big_endian(frame, payload.size(), 2);
  } else {
    frame.push_back(127);
    append_big_endian(frame, payload.size(), 8);
  }
  frame.append(payload);
  return std::make_shared<const std::string>(std::move(frame));
}

Frame encode_close(CloseCode code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, static_cast<std::uint16_t>(code), 2);
  payload.append(reason.substr(0, kControlMax - 2));
  return encode(Opcode::close, payload);
}

std::optional<ClientMessage> FrameReader::next() {
  while (!violation_) {
    const auto header = read_header();
    if (!header || buffer_.size() < header->size + header->payload) return std::nullopt;
    std::string payload = buffer_.substr(header->size, header->payload);
    for (std::size_t i = 0; i < payload.size(); ++i) {
      payload[i] =
          static_cast<char>(byte_at(payload, i) ^ byte_at(buffer_, header->size - 4 + i % 4));
    }
    buffer_.erase(0, header->size + header->payload);
    if (is_control(header->opcode)) return ClientMessage{header->opcode, std::move(payload)};
    if (fragments_) {
      fragments_->payload.append(payload);
    } else {
      fragments_ = ClientMessage{header->opcode, std::move(payload)};
    }
    if (header->final) return std::exchange(fragments_, std::nullopt);
  }
  return std::nullopt;
}

std::optional<FrameReader::Header> FrameReader::read_header() {
  if (buffer_.size() < 2) return std::nullopt;
  const std::uint8_t first = byte_at(buffer_, 0);
  const std::uint8_t second = byte_at(buffer_, 1);
  const std::uint8_t length = second & 0x7FU;
  const std::size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
  Header header{.final = (first & 0x80U) != 0,
                .opcode = static_cast<Opcode>(first & 0x0FU),
                .size = 2 + extended + 4,
                .payload = length};
  if (buffer_.size() < 2 + extended) return std::nullopt;
  if (extended > 0) header.payload = big_endian(buffer_, 2, extended);
  violation_ = judge(header, (first & 0x70U) != 0, (second & 0x80U) != 0);
  if (violation_ || buffer_.size() < header.size) return std::nullopt;
  return header;
}

std::optional<CloseCode> FrameReader::judge(const Header& header, bool reserved,
                                            bool masked) const {
  if (reserved || !masked) return CloseCode::protocol_error;
  switch (header.opcode) {
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      if (!header.final || header.payload > kControlMax) return CloseCode::protocol_error;
      return std::nullopt;
    case Opcode::continuation:
      if (!fragments_) return CloseCode::protocol_error;
      break;
    case Opcode::text:
    case Opcode::binary:
      if (fragments_) return CloseCode::protocol_error;
      break;
    default: return CloseCode::protocol_error;
  }
  const std::size_t before = fragments_ ? fragments_->payload.size() : 0;
  if (header.payload > message_max_ - before) return CloseCode::too_big;
  return std::nullopt;
}

}  // namespace faultline::stream
