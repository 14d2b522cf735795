#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/targets.hpp"

/// libFuzzer's entry; FAULTLINE_FUZZ_TARGET is the name of the target this binary is for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto& target : faultline::fuzz::targets()) {
    if (target.name == FAULTLINE_FUZZ_TARGET) {
      target.run({reinterpret_cast<const char*>(data), size});
    }
  }
  return 0;
}
