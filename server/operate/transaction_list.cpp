#include "server/operate/transaction_list.hpp"

#include "core/starrocks/label.hpp"
#include "core/starrocks/sql_reply.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>
#include <variant>

namespace loadstar::server {
namespace {

using starrocks::LabelState;
using Row = std::vector<std::optional<std::string>>;

/// No text without the column, or in a row without the cell.
std::string cell(const Row& row, std::optional<std::size_t> index) {
  return index && *index < row.size() ? row[*index].value_or("") : std::string();
}

bool is_ours(const std::string& label, std::string_view prefix) {
  const auto parsed = starrocks::parse_label(label);
  if (!parsed.has_value()) return false;
  return std::visit([prefix](const auto& fields) { return fields.prefix == prefix; }, *parsed);
}

}  // namespace

std::optional<std::string> database_id(const starrocks::SqlResult& databases,
                                       std::string_view database) {
  const auto id = starrocks::column_of(databases, "DbId");
  const auto name = starrocks::column_of(databases, "DbName");
  for (const Row& row : databases.rows) {
    const std::string found = cell(row, name);
    // Old releases write the name with its cluster: `default_cluster:db`.
    if (found == database || found.ends_with(":" + std::string(database))) return cell(row, id);
  }
  return std::nullopt;
}

std::vector<ListedTransaction> ours(const starrocks::SqlResult& running, std::string_view prefix) {
  const auto label = starrocks::column_of(running, "Label");
  const auto state = starrocks::column_of(running, "TransactionStatus");
  const auto id = starrocks::column_of(running, "TransactionId");
  const auto begun = starrocks::column_of(running, "PrepareTime");
  std::vector<ListedTransaction> transactions;
  for (const Row& row : running.rows) {
    if (!is_ours(cell(row, label), prefix)) continue;
    transactions.push_back(
        {cell(row, label), cell(row, state), cell(row, id), readable_time(cell(row, begun))});
  }
  return transactions;
}

std::string_view advice_on_listing(const Error& error) {
  const bool refused = error.code == Errc::kAccessDenied || error.code == Errc::kBadCredentials;
  return refused ? " (SHOW PROC needs the OPERATE privilege on SYSTEM)" : "";
}

std::string readable_time(const std::string& text) {
  constexpr std::size_t kMostDigits = 15;  // the year 33658
  const bool number = !text.empty() && text.size() <= kMostDigits &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return text;
  const std::time_t seconds = std::stoll(text) / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::optional<std::string> token_bytes(std::string_view content) {
  // The first bytes of every token (core/txn/resume_token.hpp); none of them is white space.
  if (content.starts_with("LST")) return std::string(content);
  constexpr std::string_view kBlanks = " \t\r\n";
  content.remove_prefix(std::min(content.size(), content.find_first_not_of(kBlanks)));
  content = content.substr(0, content.find_last_not_of(kBlanks) + 1);
  if (content.empty() || content.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (; !content.empty(); content.remove_prefix(2)) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(content.data(), content.data() + 2, byte, 16);
    if (error != std::errc() || end != content.data() + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string render(const std::vector<ListedTransaction>& transactions) {
  if (transactions.empty()) return "none\n";
  std::size_t width = 5;
  for (const auto& transaction : transactions) width = std::max(width, transaction.label.size());
  std::string text =
      fmt::format("{:<{}}  {:<9}  {:<10}  {}\n", "LABEL", width, "STATE", "ID", "BEGUN");
  for (const auto& transaction : transactions) {
    std::string line = fmt::format("{:<{}}  {:<9}  {:<10}  {}", transaction.label, width,
                                   transaction.state, transaction.id, transaction.begun);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

AbortVerdict judge_abort(LabelState state) {
  switch (state) {
    case LabelState::kUnknown:
      return AbortVerdict::kNotFound;
    case LabelState::kAborted:
      return AbortVerdict::kNothingToDo;
    case LabelState::kPrepare:
      return AbortVerdict::kRollBack;
    case LabelState::kPrepared:
      return AbortVerdict::kAskFirst;
    case LabelState::kCommitted:
    case LabelState::kVisible:
      return AbortVerdict::kRefuse;
  }
  return AbortVerdict::kRefuse;
}

}  // namespace loadstar::server
