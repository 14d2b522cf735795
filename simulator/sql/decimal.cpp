#include "simulator/sql/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace faultline::sim::sql {
namespace {

constexpr int kScaleMax = 38;

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal made;
  bool negative = false;
  bool seen_point = false;
  bool seen_digit = false;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !seen_point) {
      seen_point = true;
    } else if (c >= '0' && c <= '9') {
      if (__builtin_mul_overflow(made.units_, Wide{10}, &made.units_) ||
          __builtin_add_overflow(made.units_, Wide{c - '0'}, &made.units_)) {
        return std::nullopt;
      }
      seen_digit = true;
      made.scale_ += seen_point ? 1 : 0;
    } else {
      break;
    }
  }
  if (!seen_digit || made.scale_ > kScaleMax) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::string_view digits = text.substr(at + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    int exponent = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (problem != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (std::abs(exponent) > kScaleMax) return std::nullopt;
    made.scale_ -= exponent;
    if (made.scale_ > kScaleMax || (made.scale_ < 0 && !made.rescale(0))) return std::nullopt;
    at = text.size();
  }
  if (at != text.size()) return std::nullopt;
  if (negative) made.units_ = -made.units_;
  return made;
}

std::string Decimal::text() const {
  std::string digits;
  const bool negative = units_ < 0;
  Wide rest = units_;
  while (rest != 0) {
    const int digit = static_cast<int>(rest % 10);
    digits.push_back(static_cast<char>('0' + std::abs(digit)));
    rest /= 10;
  }
  while (static_cast<int>(digits.size()) <= scale_) digits.push_back('0');
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  if (scale_ > 0) digits.insert(digits.size() - static_cast<std::size_t>(scale_), 1, '.');
  return digits;
}

double Decimal::to_double() const { return std::strtod(text().c_str(), nullptr); }

std::optional<long long> Decimal::to_integer() const {
  const Wide whole = rounded(0).units_;
  if (whole > std::numeric_limits<long long>::max() ||
      whole < std::numeric_limits<long long>::min()) {
    return std::nullopt;
  }
  return static_cast<long long>(whole);
}

Decimal Decimal::rounded(int digits) const {
  Decimal made = *this;
  while (made.scale_ > digits) {
    const int last = static_cast<int>(made.units_ % 10);
    made.units_ /= 10;
    --made.scale_;
    // Only the last cut rounds; the earlier ones must not carry into it twice.
    if (made.scale_ == digits && std::abs(last) >= 5) made.units_ += units_ < 0 ? -1 : 1;
  }
  return made;
}

bool Decimal::rescale(int scale) {
  while (scale_ < scale) {
    if (__builtin_mul_overflow(units_, Wide{10}, &units_)) return false;
    ++scale_;
  }
  return true;
}

bool Decimal::align(Decimal& left, Decimal& right) {
  const int scale = std::max(left.scale_, right.scale_);
  return left.rescale(scale) && right.rescale(scale);
}

std::optional<Decimal> Decimal::add(Decimal left, Decimal right) {
  if (!align(left, right) || __builtin_add_overflow(left.units_, right.units_, &left.units_)) {
    return std::nullopt;
  }
  return left;
}

std::optional<Decimal> Decimal::subtract(Decimal left, Decimal right) {
  if (!align(left, right) || __builtin_sub_overflow(left.units_, right.units_, &left.units_)) {
    return std::nullopt;
  }
  return left;
}

std::optional<Decimal> Decimal::multiply(Decimal left, Decimal right) {
  if (__builtin_mul_overflow(left.units_, right.units_, &left.units_)) return std::nullopt;
  left.scale_ += right.scale_;
  if (left.scale_ > kScaleMax) return std::nullopt;
  return left;
}

std::optional<Decimal> Decimal::divide(Decimal left, Decimal right) {
  // Shift the dividend as far as it goes; 20 significant digits are then there for
  // every pair that statements about a cluster produce.
  constexpr int kDigits = 20;
  Decimal made = left;
  for (int shifted = 0; shifted < kDigits + right.scale_; ++shifted) {
    Wide next = 0;
    if (__builtin_mul_overflow(made.units_, Wide{10}, &next)) break;
    made.units_ = next;
    ++made.scale_;
  }
  made.units_ /= right.units_;
  made.scale_ -= right.scale_;
  while (made.scale_ > 0 && made.units_ % 10 == 0) {
    made.units_ /= 10;
    --made.scale_;
  }
  if (made.scale_ < 0 && !made.rescale(0)) return std::nullopt;
  return made.scale_ > kDigits ? made.rounded(kDigits) : made;
}

std::strong_ordering Decimal::compare(Decimal left, Decimal right) {
  if (align(left, right)) return left.units_ <=> right.units_;
  return left.to_double() < right.to_double() ? std::strong_ordering::less
                                              : std::strong_ordering::greater;
}

}  // namespace faultline::sim::sql
