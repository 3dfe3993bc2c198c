#pragma once

#include "core/ingest/text_buffer.hpp"

#include <string_view>

namespace loadstar::ingest {

/// Appends `bytes` in Base64 (RFC 4648 section 4, with padding), the text form of VARBINARY in CSV
/// (starrocks-load-protocol.md 11.3).
void append_base64(TextBuffer& out, std::string_view bytes);

}  // namespace loadstar::ingest
