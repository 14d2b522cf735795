#include "simulator/host/store_spec.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "simulator/cluster/node.hpp"

namespace faultline::sim::host {
namespace {

constexpr std::array<std::pair<const char*, double>, 14> kUnits = {{{"", 1},
                                                                    {"B", 1},
                                                                    {"KB", 1e3},
                                                                    {"KiB", 1024},
                                                                    {"MB", 1e6},
                                                                    {"M", 1e6},
                                                                    {"MiB", 1048576},
                                                                    {"GB", 1e9},
                                                                    {"G", 1e9},
                                                                    {"GiB", 1073741824},
                                                                    {"TB", 1e12},
                                                                    {"T", 1e12},
                                                                    {"TiB", 1099511627776.0},
                                                                    {"K", 1e3}}};

Error wrong(const std::string& what) { return {ErrorCode::invalid, what, "--store"}; }

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "20GiB", "25%", or a fraction of the disk such as 0.25.
std::optional<std::int64_t> bytes_of_size(const std::string& text) {
  char* rest = nullptr;
  const double number = std::strtod(text.c_str(), &rest);
  if (rest == text.c_str() || !std::isfinite(number) || number <= 0) return std::nullopt;
  const std::string unit = rest;
  const auto disk = static_cast<double>(cluster::kDiskBytes);
  double bytes = 0;
  if (unit == "%" && number <= 100) bytes = disk * number / 100;
  if (unit.empty() && number < 1) bytes = disk * number;
  for (const auto& [name, factor] : kUnits) {
    if (bytes == 0 && unit == name) bytes = number * factor;
  }
  if (bytes < 1 || bytes > 1e18) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

Result<StoreSpec> parse_store(const std::string& text) {
  StoreSpec made;
  bool memory = false;
  for (const std::string& field : split(text, ',')) {
    const auto equals = field.find('=');
    const bool bare = equals == std::string::npos && made.path.empty() && !memory;
    const std::string name = bare ? "path" : field.substr(0, equals);
    const std::string value = bare                          ? field
                              : equals == std::string::npos ? ""
                                                            : field.substr(equals + 1);
    if (value.empty()) {
      return wrong("\"" + text + "\" has an empty field; give a directory, such as --store=node1");
    }
    if (name == "path") {
      made.path = value;
    } else if (name == "attrs") {
      made.attributes = split(value, ':');
    } else if (name == "size") {
      made.size = bytes_of_size(value);
      if (!made.size) return wrong("size=" + value + " is no size; give 20GiB, 25% or 0.25");
    } else if (name == "type") {
      if (value != "mem") return wrong("type=" + value + " is unknown; give type=mem or a path");
      memory = true;
    } else if (name != "ballast-size" && name != "provisioned-rate") {
      return wrong("\"" + name + "\" is no field of a store; give path, attrs, size or type=mem");
    }
  }
  if (memory && !made.path.empty()) return wrong("type=mem has no path; give one of the two");
  if (memory && !made.size) return wrong("type=mem needs a size, such as type=mem,size=1GiB");
  if (!memory && made.path.empty()) return wrong("give a directory, such as --store=node1");
  return made;
}

}  // namespace faultline::sim::host
