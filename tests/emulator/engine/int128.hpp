#pragma once

#include <string>

namespace emulator {

/// The number behind LARGEINT and DECIMAL; the standard library does not know it in strict mode.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

inline constexpr Int128 kInt128Max = static_cast<Int128>((~UInt128{0}) >> 1);
inline constexpr Int128 kInt128Min = -kInt128Max - 1;

/// 10 to the power of `exponent`, which is 0 to 38.
[[nodiscard]] Int128 power_of_ten(int exponent);

/// Decimal digits of `value`, with a leading '-' if it is negative.
[[nodiscard]] std::string int128_text(Int128 value);

}  // namespace emulator
