#pragma once

#include "tests/emulator/server/json.hpp"

#include <string>

namespace emulator::testing {

/// Compares texts where `expected` may hold the placeholders of starrocks-load-protocol.md 15
/// ({{int}}, {{str}}, {{uuid}}, {{class}}, {{any}}).
[[nodiscard]] bool text_matches(const std::string& expected, const std::string& actual);

/// How strictly two JSON values are compared.
struct JsonStrictness {
  bool key_order = false;  ///< BE replies
  bool more_keys = false;  ///< "further keys may be present"
};

/// Empty if `actual` fits `expected`, else where and how it does not.
[[nodiscard]] std::string json_mismatch(const Json& expected, const Json& actual,
                                        JsonStrictness strictness);

}  // namespace emulator::testing
