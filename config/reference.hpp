#pragma once

#include <string>

namespace loadstar::config {

/// The reference of the configuration file in Markdown: every key with type, default, range,
/// meaning, and the names that StarRocks and the Flink connector have for it (`loadstar validate
/// --reference`).
[[nodiscard]] std::string reference_markdown();

/// A JSON Schema (draft 07) of the file, for editors (`loadstar validate --json-schema`).
[[nodiscard]] std::string json_schema();

}  // namespace loadstar::config
