#pragma once

#include "tests/emulator/engine/load_options.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace emulator {

/// Thrown when packed bytes are broken or end too early.
class CompressionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Unpacks a payload (starrocks-load-protocol.md 4.3). `all_frames` decodes frames that follow each
/// other, as CSV does; JSON drops everything after the first LZ4 or zstd frame, but not gzip and
/// bzip2 members. DEFLATE is the zlib container. Throws CompressionError.
[[nodiscard]] std::string decompress(std::string_view packed, Compression compression,
                                     bool all_frames);

}  // namespace emulator
