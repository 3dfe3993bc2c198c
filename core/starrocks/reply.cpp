#include "core/starrocks/reply.hpp"

#include "core/starrocks/bounded_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace loadstar::starrocks {
namespace {

using Json = nlohmann::json;

/// Reads keys of one object and remembers the first that had the wrong type or range.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  std::optional<std::string> text(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) return wrong(key);
    return value->get<std::string>();
  }

  std::optional<std::uint64_t> count(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    // No counter of StarRocks is outside the range of its 64-bit signed integers.
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > kMax) return wrong(key);
    return value->get<std::uint64_t>();
  }

  /// No decision hangs on it, so nothing is wrong if it is odd.
  [[nodiscard]] std::optional<std::uint64_t> milliseconds(const char* key) const {
    const Json* value = find(key);
    constexpr std::uint64_t kMax = std::uint64_t{30} * 86'400 * 1'000;
    if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
    const auto length = value->get<std::uint64_t>();
    return length <= kMax ? std::optional(length) : std::nullopt;
  }

  std::optional<std::int64_t> transaction_id(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_integer() && !value->is_number_unsigned() &&
        value->get<std::int64_t>() == -1) {
      return -1;
    }
    const auto id = count(key);
    if (!id) return std::nullopt;
    return static_cast<std::int64_t>(*id);
  }

  [[nodiscard]] const char* wrong_key() const { return wrong_key_; }

 private:
  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  std::nullopt_t wrong(const char* key) {
    if (wrong_key_ == nullptr) wrong_key_ = key;
    return std::nullopt;
  }

  const Json& object_;
  const char* wrong_key_ = nullptr;
};

Error malformed(std::string detail) {
  return Error{Errc::kMalformedReply, Certainty::kUnknown, std::move(detail)};
}

std::optional<std::string> first(std::optional<std::string> preferred,
                                 std::optional<std::string> other) {
  return preferred ? std::move(preferred) : std::move(other);
}

}  // namespace

Result<Reply> parse_reply(std::string_view body) {
  auto json = parse_bounded_json(body);
  if (!json) return json.error();
  if (!json->is_object()) return malformed("the reply is no JSON object");
  Fields fields(*json);
  Reply reply;
  auto status = first(fields.text("Status"), fields.text("status"));
  auto message = first(first(fields.text("Message"), fields.text("message")), fields.text("msg"));
  reply.label = fields.text("Label");
  reply.request_id = fields.text("RequestId");
  reply.existing_job_status = fields.text("ExistingJobStatus");
  reply.error_url = fields.text("ErrorURL");
  reply.state = fields.text("state");
  reply.reason = fields.text("reason");
  reply.transaction_id = fields.transaction_id("TxnId");
  reply.total_rows = fields.count("NumberTotalRows");
  reply.loaded_rows = fields.count("NumberLoadedRows");
  reply.filtered_rows = fields.count("NumberFilteredRows");
  reply.unselected_rows = fields.count("NumberUnselectedRows");
  reply.load_bytes = fields.count("LoadBytes");
  reply.plan_ms = fields.milliseconds("StreamLoadPlanTimeMs");
  reply.read_ms = fields.milliseconds("ReadDataTimeMs");
  reply.write_ms = fields.milliseconds("WriteDataTimeMs");
  reply.publish_ms = fields.milliseconds("CommitAndPublishTimeMs");
  if (fields.wrong_key() != nullptr) {
    return malformed(fmt::format("the reply's {} has the wrong type or range", fields.wrong_key()));
  }
  if (!status || status->empty()) {
    return malformed("the reply has no Status; StarRocks older than 2.4 has no such interface");
  }
  reply.status = std::move(*status);
  reply.message = std::move(message).value_or("");
  return reply;
}

}  // namespace loadstar::starrocks
