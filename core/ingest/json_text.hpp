#pragma once

#include "core/ingest/text_buffer.hpp"

#include <cstddef>
#include <string_view>

namespace loadstar::ingest {

/// How many bytes at the beginning of `text` stand for themselves in a JSON string: up to the first
/// quote, backslash or control character.
[[nodiscard]] std::size_t json_plain_prefix(std::string_view text);

/// Appends `text`, valid UTF-8, as a JSON string with its quotes (RFC 8259 section 7).
void append_json_string(TextBuffer& out, std::string_view text);

}  // namespace loadstar::ingest
