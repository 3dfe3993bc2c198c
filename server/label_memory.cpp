#include "server/label_memory.hpp"

#include "core/starrocks/sql_reply.hpp"
#include "core/starrocks/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace loadstar::server {
namespace {

constexpr std::chrono::seconds kTimeout{10};
/// Seconds between two transactions of a database that is not busy.
constexpr std::uint64_t kSlowestPace = 10;
/// starrocks-load-protocol.md 12.
constexpr starrocks::Version kReadsPreparedTimeout{3, 5, 4};

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

LabelMemory label_memory_of(const starrocks::SqlResult& result) {
  LabelMemory memory;
  const auto key = starrocks::column_of(result, "key");
  const auto value = starrocks::column_of(result, "value");
  if (!key || !value) return memory;
  for (const auto& row : result.rows) {
    if (row.size() <= std::max(*key, *value) || !row[*key] || !row[*value]) continue;
    const auto found = number(*row[*value]);
    if (!found) continue;
    // More would overflow, and says no more.
    const std::chrono::seconds time(std::min<std::uint64_t>(*found, UINT32_MAX));
    if (*row[*key] == "label_keep_max_num") memory.keep_num = found;
    if (*row[*key] == "label_keep_max_second") memory.keep_second = time;
    if (*row[*key] == "prepared_transaction_default_timeout_second") memory.prepared_default = time;
  }
  return memory;
}

std::vector<std::string> too_small(const LabelMemory& memory,
                                   std::chrono::seconds prepared_timeout) {
  std::vector<std::string> texts;
  const auto wanted = static_cast<std::uint64_t>(prepared_timeout.count());
  if (memory.keep_second && *memory.keep_second < prepared_timeout) {
    texts.push_back(
        fmt::format("the frontend forgets a finished label after label_keep_max_second = {} s, "
                    "which is less than prepared_timeout = {} s: a commit that is repeated later "
                    "gets OUTCOME_UNKNOWN",
                    memory.keep_second->count(), wanted));
  }
  if (memory.keep_num && *memory.keep_num < wanted / kSlowestPace) {
    texts.push_back(
        fmt::format("the frontend forgets finished labels after label_keep_max_num = {} "
                    "transactions of a database, of all its jobs together; to remember them for "
                    "prepared_timeout = {} s it needs transactions per second times {}",
                    *memory.keep_num, wanted, wanted));
  }
  if (memory.prepared_default && *memory.prepared_default < prepared_timeout) {
    texts.push_back(
        fmt::format("this StarRocks does not read prepared_timeout = {} s; it aborts a prepared "
                    "transaction after prepared_transaction_default_timeout_second = {} s, so a "
                    "token that is committed later is CHECKPOINT_LOST, also before its expire_time",
                    wanted, memory.prepared_default->count()));
  }
  return texts;
}

asio::awaitable<void> check_label_memory(starrocks::Client& client,
                                         std::chrono::seconds prepared_timeout, Logger logger) {
  const Deadline deadline = Clock::now() + kTimeout;
  std::string query = "ADMIN SHOW FRONTEND CONFIG LIKE 'label_keep_max%'";
  const auto answer = co_await client.sql(std::move(query), deadline);
  if (!answer.has_value()) {
    if (answer.error().code == Errc::kCancelled) co_return;
    logger.info("how long StarRocks remembers labels cannot be read",
                {{"error", loadstar::describe(answer.error())}});
    co_return;
  }
  LabelMemory memory = label_memory_of(*answer);
  const auto version = starrocks::parse_version(client.last_version());
  if (!version || *version < kReadsPreparedTimeout) {
    query = "ADMIN SHOW FRONTEND CONFIG LIKE 'prepared_transaction_default%'";
    const auto times = co_await client.sql(std::move(query), deadline);
    if (times.has_value()) memory.prepared_default = label_memory_of(*times).prepared_default;
  }
  for (const std::string& text : too_small(memory, prepared_timeout)) {
    logger.warn("StarRocks may forget transactions or labels too early", {{"reason", text}});
  }
}

}  // namespace loadstar::server
