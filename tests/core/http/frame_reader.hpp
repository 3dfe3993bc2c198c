#pragma once

#include "core/base/compression.hpp"

#include <string>
#include <string_view>

namespace loadstar::http {

/// Decodes `frame` as StarRocks decodes a JSON body: the first frame or member only. What is wrong,
/// bytes behind the frame included, comes back as a text that begins with "BAD".
[[nodiscard]] std::string read_one_frame(std::string_view frame, Compression compression);

/// Decodes chunked framing (RFC 9112 7.1); "BAD ..." if it is none, or a chunk is larger than
/// `most`.
[[nodiscard]] std::string read_chunks(std::string_view wire, std::size_t most);

}  // namespace loadstar::http
