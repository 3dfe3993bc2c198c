#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace emulator {
inline namespace server {

/// JSON with the key order in which it was written.
using Json = nlohmann::ordered_json;

/// As the BE prints load replies: RapidJSON's pretty writer, 4 blanks, no HTML escaping
/// (starrocks-load-protocol.md 2.5). Ends with a line break.
[[nodiscard]] std::string be_json(const Json& value);
/// As the FE prints transaction replies: Gson pretty, 2 blanks, HTML-safe escapes (`=` is \u003d).
[[nodiscard]] std::string fe_json(const Json& value);
/// As the FE prints REST results: Gson compact, HTML-safe escapes.
[[nodiscard]] std::string fe_compact_json(const Json& value);
/// As Jackson prints `_schema`: compact, no HTML escapes.
[[nodiscard]] std::string plain_json(const Json& value);

}  // namespace server
}  // namespace emulator
