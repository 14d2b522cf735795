#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/fuzz/targets.hpp"

namespace faultline::fuzz {
namespace {

class Corpus : public ::testing::TestWithParam<Target> {};

/// What libFuzzer found worth keeping, and what once broke something, with any compiler.
TEST_P(Corpus, NeitherCrashesNorBreaksAPromise) {
  const std::filesystem::path folder =
      std::filesystem::path{FAULTLINE_SOURCE_DIR} / "tests/fuzz/corpus" / GetParam().name;
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    GetParam().run(text);
    // A cut-off input is the commonest of all.
    for (std::size_t size = 0; size < text.size() && size < 512; ++size) {
      GetParam().run(std::string_view{text}.substr(0, size));
    }
    inputs += 1;
  }
  EXPECT_GE(inputs, 5) << folder;
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace faultline::fuzz
