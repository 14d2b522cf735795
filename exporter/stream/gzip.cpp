#include "exporter/stream/gzip.hpp"

#include <algorithm>
#include <cctype>

#include <zlib.h>

namespace faultline::stream {

namespace {

constexpr int kGzipWrapper = 16;  // Added to the window bits, it asks zlib for gzip's header.

/// "q=0", "q=0.0" and so on.
bool refused(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const std::string_view value = parameters.substr(q + 2);
  return !value.empty() && value.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::string header{accept_encoding};
  std::erase_if(header, [](unsigned char c) { return std::isspace(c) != 0; });
  std::transform(header.begin(), header.end(), header.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view rest = header;
  bool any = false;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::string_view coding = one.substr(0, one.find(';'));
    const bool taken = !refused(one.substr(coding.size()));
    if (coding == "gzip") return taken;
    if (coding == "*") any = taken;
  }
  return any;
}

std::optional<std::string> gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + kGzipWrapper, MAX_MEM_LEVEL,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  // zlib's input pointer is not const, for old compilers' sake; it only reads.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace faultline::stream
