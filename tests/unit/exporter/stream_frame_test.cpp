#include "exporter/stream/ws_frame.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/exporter/stream_peer.hpp"

namespace faultline::stream {
namespace {

std::vector<ClientMessage> read_all(FrameReader& reader, std::string_view bytes) {
  reader.feed(bytes);
  std::vector<ClientMessage> messages;
  while (auto message = reader.next()) messages.push_back(std::move(*message));
  return messages;
}

TEST(WsFrame, LengthsAreWrittenInTheShortestOfThreeWays) {
  EXPECT_EQ(encode(Opcode::text, std::string(125, 'x'))->substr(0, 2), std::string("\x81\x7d"));
  EXPECT_EQ(encode(Opcode::text, std::string(126, 'x'))->substr(0, 4),
            std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(encode(Opcode::text, std::string(65536, 'x'))->substr(0, 10),
            std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST(WsFrame, ACloseCarriesItsCodeAndNeverPassesTheLimitOfAControlFrame) {
  EXPECT_EQ(*encode_close(CloseCode::policy, "no"), std::string("\x88\x04\x03\xf0no"));
  EXPECT_EQ(encode_close(CloseCode::policy, std::string(500, 'x'))->size(), 2U + 125U);
}

TEST(FrameReader, AMessageCutAnywhereIsTheSameMessage) {
  const std::string bytes = masked_frame(0x81, "hello") + masked_frame(0x89, "p");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameReader reader{4096};
    auto messages = read_all(reader, bytes.substr(0, cut));
    for (auto& message : read_all(reader, bytes.substr(cut))) messages.push_back(message);
    ASSERT_EQ(messages.size(), 2U) << "cut at " << cut;
    EXPECT_EQ(messages[0].payload, "hello");
    EXPECT_EQ(messages[1].opcode, Opcode::ping);
  }
}

TEST(FrameReader, FragmentsAreJoinedAndAPingMayComeBetweenThem) {
  FrameReader reader{4096};
  const auto messages = read_all(reader, masked_frame(0x01, "he") + masked_frame(0x89, "") +
                                             masked_frame(0x00, "ll") + masked_frame(0x80, "o"));
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].opcode, Opcode::ping);
  EXPECT_EQ(messages[1].opcode, Opcode::text);
  EXPECT_EQ(messages[1].payload, "hello");
}

TEST(FrameReader, ATooLongMessageIsKnownFromItsHeader) {
  FrameReader reader{4096};
  EXPECT_TRUE(read_all(reader, masked_frame(0x81, std::string(4097, 'x')).substr(0, 8)).empty());
  EXPECT_EQ(reader.violation(), CloseCode::too_big);
}

TEST(FrameReader, FragmentsThatAddUpToTooMuchAreTooBig) {
  FrameReader reader{4096};
  static_cast<void>(read_all(reader, masked_frame(0x01, std::string(4000, 'x')) +
                                         masked_frame(0x80, std::string(97, 'x'))));
  EXPECT_EQ(reader.violation(), CloseCode::too_big);
}

TEST(FrameReader, WhatTheProtocolForbidsIsAViolation) {
  const std::string forbidden[] = {
      std::string("\x81\x02hi", 4),                       // Not masked.
      masked_frame(0xC1, "x"),                            // A reserved bit.
      masked_frame(0x83, "x"),                            // An opcode of no meaning.
      masked_frame(0x80, "x"),                            // Goes on with nothing.
      masked_frame(0x01, "x") + masked_frame(0x81, "x"),  // A second one inside the first.
      masked_frame(0x09, "x"),                            // Control frames are never cut.
      masked_frame(0x89, std::string(126, 'x')),          // Nor long.
  };
  for (const std::string& bytes : forbidden) {
    FrameReader reader{4096};
    static_cast<void>(read_all(reader, bytes));
    EXPECT_EQ(reader.violation(), CloseCode::protocol_error) << testing::PrintToString(bytes);
    EXPECT_TRUE(read_all(reader, masked_frame(0x81, "more")).empty());
  }
}

TEST(FrameReader, NoiseEndsInMessagesOrAViolationNeverInMoreThanTheLimit) {
  std::mt19937 random{7};
  for (int round = 0; round < 2000; ++round) {
    FrameReader reader{64};
    std::string noise(random() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(random() % 4 == 0 ? 0x81 : random());
    for (const auto& message : read_all(reader, noise)) EXPECT_LE(message.payload.size(), 125U);
  }
}

}  // namespace
}  // namespace faultline::stream
