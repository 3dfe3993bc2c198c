#pragma once

#include "tests/core/ingest/support/encoding.hpp"

#include <gtest/gtest.h>

#include <string>

namespace loadstar::ingest {

/// Text of one value in a column of `type`, next to an id; or the refusal.
inline std::string text_of(RowFormat format, const std::string& type, const std::string& value) {
  Encoding encoding;
  encoding.schema = schema_of(KeyModel::kDuplicate, {"id int", "v " + type});
  encoding.options.format = format;
  const auto answer = encoding.encode(typed({"id", "v"}, {wire::row({wire::int_value(1), value})}));
  if (!answer.ok()) return shown(answer.refusal());
  std::string body = answer.value().payload.to_string();
  const std::string before = format == RowFormat::kCsv ? "1\x01" : "{\"id\":1,\"v\":";
  const std::string after = format == RowFormat::kCsv ? "\x02" : "}";
  EXPECT_TRUE(body.starts_with(before) && body.ends_with(after)) << body;
  return body.substr(before.size(), body.size() - before.size() - after.size());
}

inline std::string csv(const std::string& type, const std::string& value) {
  return text_of(RowFormat::kCsv, type, value);
}
inline std::string json(const std::string& type, const std::string& value) {
  return text_of(RowFormat::kJson, type, value);
}

/// Whether both formats refuse the value with BAD_REQUEST at its path.
inline bool refused(const std::string& type, const std::string& value,
                    const std::string& below = "") {
  const std::string start = "1\nbatch[sequence=7].rows[0].values[1]" + below + ": ";
  const bool by_csv = csv(type, value).starts_with(start);
  const bool by_json = json(type, value).starts_with(start);
  EXPECT_EQ(by_csv, by_json) << csv(type, value) << json(type, value);
  return by_csv && by_json;
}

}  // namespace loadstar::ingest
