#pragma once

#include <cstdint>

namespace loadstar {

/// Codecs that StarRocks takes for CSV and for JSON alike (starrocks-load-protocol.md 4.3).
enum class Compression : std::uint8_t { kNone, kGzip, kLz4Frame, kZstd };

}  // namespace loadstar
