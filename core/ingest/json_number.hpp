#pragma once

#include <string_view>

namespace loadstar::ingest {

/// The first number in `json` that a JSON column would not keep: an integer beyond 64 bits becomes
/// a double and loses digits, and a number beyond double is refused with its row. Empty: there is
/// none. StarRocks keeps JSON in VelocyPack, whose numbers are int64, uint64 and double
/// (its sources; starrocks-load-protocol.md is silent). `json` has passed is_json().
[[nodiscard]] std::string_view number_not_kept(std::string_view json);

}  // namespace loadstar::ingest
