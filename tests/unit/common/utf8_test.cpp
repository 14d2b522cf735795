#include "common/base/utf8.hpp"

#include <gtest/gtest.h>

namespace faultline {
namespace {

const std::string kWrong = "\xEF\xBF\xBD";

TEST(Utf8, WhatIsValidStays) {
  for (const std::string text : {"", "plain\n\"\\", "\xC3\xA4", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80",
                                 "\xED\x9F\xBF", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
  const std::string zero{"a\0b", 3};
  EXPECT_EQ(valid_utf8(zero), zero);
}

TEST(Utf8, CharactersAreCountedAndNotTheirBytes) {
  EXPECT_EQ(characters_in(""), 0U);
  EXPECT_EQ(characters_in("abc"), 3U);
  EXPECT_EQ(characters_in("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), 3U);
}

TEST(Utf8, EachByteThatBelongsToNoCharacterIsReplaced) {
  EXPECT_EQ(valid_utf8("a\xFFz"), "a" + kWrong + "z");
  EXPECT_EQ(valid_utf8("\xC3"), kWrong) << "cut off";
  EXPECT_EQ(valid_utf8("\xE4\xB8"), kWrong + kWrong);
  EXPECT_EQ(valid_utf8("\xC3(a"), kWrong + "(a");
  EXPECT_EQ(valid_utf8("\xC0\x80"), kWrong + kWrong) << "longer than need be";
  EXPECT_EQ(valid_utf8("\xE0\x80\x80"), kWrong + kWrong + kWrong);
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), kWrong + kWrong + kWrong) << "half of a pair";
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), kWrong + kWrong + kWrong + kWrong);
  EXPECT_EQ(valid_utf8("\xF5\x80\x80\x80"), kWrong + kWrong + kWrong + kWrong);
  EXPECT_EQ(valid_utf8("\x80"), kWrong);
}

}  // namespace
}  // namespace faultline
