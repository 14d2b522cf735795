#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace faultline::sim::sql {

/// An exact decimal of up to 38 digits: enough for sums of INT8 and for liveness
/// expirations with nanoseconds, which a double cannot hold.
class Decimal {
 public:
  Decimal() = default;
  explicit Decimal(long long value) : units_(value) {}
  [[nodiscard]] static std::optional<Decimal> parse(std::string_view text);

  [[nodiscard]] std::string text() const;
  [[nodiscard]] double to_double() const;
  [[nodiscard]] std::optional<long long> to_integer() const;  ///< Rounded half away from zero.
  [[nodiscard]] Decimal rounded(int digits) const;
  [[nodiscard]] bool is_zero() const { return units_ == 0; }
  [[nodiscard]] int scale() const { return scale_; }

  // Nothing when the result needs more than 38 digits.
  [[nodiscard]] static std::optional<Decimal> add(Decimal left, Decimal right);
  [[nodiscard]] static std::optional<Decimal> subtract(Decimal left, Decimal right);
  [[nodiscard]] static std::optional<Decimal> multiply(Decimal left, Decimal right);
  /// 20 significant digits, trailing zeros cut. The divisor is not zero.
  [[nodiscard]] static std::optional<Decimal> divide(Decimal left, Decimal right);
  [[nodiscard]] static std::strong_ordering compare(Decimal left, Decimal right);

 private:
  __extension__ typedef __int128 Wide;
  static bool align(Decimal& left, Decimal& right);
  bool rescale(int scale);

  Wide units_ = 0;
  int scale_ = 0;
};

}  // namespace faultline::sim::sql
