#include "server/status_page.hpp"

#include "server/size_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

namespace loadstar::server {
namespace {

std::string escape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string utc(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string_view name(txn::Delivery delivery) {
  return delivery == txn::Delivery::kExactlyOnce ? "exactly-once" : "at-least-once";
}

std::string_view name(txn::TransactionState state) {
  switch (state) {
    case txn::TransactionState::kOpen:
      return "open";
    case txn::TransactionState::kPrepared:
      return "prepared";
    case txn::TransactionState::kCommitting:
      return "committing";
    case txn::TransactionState::kAborting:
      return "aborting";
  }
  return "unknown";
}

nlohmann::ordered_json transactions_json(const std::vector<txn::TransactionReport>& transactions) {
  auto list = nlohmann::ordered_json::array();
  for (const txn::TransactionReport& transaction : transactions) {
    nlohmann::ordered_json entry;
    entry["label"] = transaction.label;
    entry["table"] = transaction.table;
    entry["state"] = name(transaction.state);
    entry["begin_time"] = utc(transaction.begin_time);
    list.push_back(std::move(entry));
  }
  return list;
}

/// "7: 1 open, 2 prepared" for exactly-once, where epoch and transactions say how it goes on.
std::string epoch_text(const txn::WriterReport& writer) {
  if (writer.delivery != txn::Delivery::kExactlyOnce) return "";
  const auto& all = writer.transactions;
  const auto open = std::count_if(all.begin(), all.end(), [](const auto& transaction) {
    return transaction.state == txn::TransactionState::kOpen;
  });
  return fmt::format("{}: {} open, {} prepared", writer.epoch, open,
                     all.size() - static_cast<std::size_t>(open));
}

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Loadstar</title><style>
body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#1c2733;max-width:70rem}
h1{font-size:1.4rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
dl{display:grid;grid-template-columns:max-content auto;gap:.15rem 1rem;margin:0}dt{color:#5b6b7b}dd{margin:0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;
border-bottom:1px solid #dde3e9;vertical-align:top}th{color:#5b6b7b;font-weight:500}
.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#b3261e}
</style></head><body><h1>Loadstar</h1>
)";

void add_fact(std::string& page, std::string_view term, std::string_view value) {
  page += fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, escape(value));
}

void add_writer(std::string& page, const txn::WriterReport& writer) {
  const std::string id = writer.writer_id.empty() ? "(anonymous)" : escape(writer.writer_id);
  page += fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td "
      "class=n>{}</td><td "
      "class=n>{}</td>"
      "<td class=n>{}</td><td>{}</td><td class=bad>{}</td></tr>\n",
      id, escape(writer.client_name), escape(writer.database), name(writer.delivery),
      epoch_text(writer), writer.connected ? "yes" : "no", writer.ack.received_sequence,
      writer.ack.committed_sequence, size_text(writer.buffered_bytes), escape(writer.stall_reason),
      escape(writer.last_error));
}

}  // namespace

std::string status_html(const DaemonInfo& info, Phase phase, const txn::StatusReport& report) {
  std::string page(kHead);
  page += "<dl>\n";
  add_fact(page, "state", to_string(phase));
  add_fact(page, "version", fmt::format("{} ({})", info.version, info.revision));
  add_fact(page, "daemon", info.daemon_id);
  add_fact(page, "started", utc(info.start_time));
  add_fact(page, "StarRocks",
           report.starrocks_version.empty() ? "not reached yet" : report.starrocks_version);
  add_fact(page, "rows in memory",
           fmt::format("{} of {}", size_text(report.buffered_bytes),
                       size_text(report.buffer_limit_bytes)));
  page += "</dl>\n<h2>Writers</h2>\n";
  if (report.writers.empty()) {
    page += "<p>No writer is open.</p>\n";
  } else {
    page +=
        "<table><tr><th>writer</th><th>client</th><th>database</th><th>delivery</th>"
        "<th>epoch</th><th>connected</th>"
        "<th class=n>received</th><th class=n>committed</th><th class=n>in memory</th><th>waits "
        "for</th>"
        "<th>last error</th></tr>\n";
    for (const txn::WriterReport& writer : report.writers) add_writer(page, writer);
    page += "</table>\n";
  }
  page += "<p><a href=\"/api/status\">JSON</a> &middot; <a href=\"/metrics\">metrics</a></p>\n";
  page += "</body></html>\n";
  return page;
}

std::string status_json(const DaemonInfo& info, Phase phase, const txn::StatusReport& report) {
  nlohmann::ordered_json root;
  root["state"] = to_string(phase);
  root["version"] = info.version;
  root["revision"] = info.revision;
  root["daemon_id"] = info.daemon_id;
  root["start_time"] = utc(info.start_time);
  root["starrocks_version"] = report.starrocks_version;
  root["buffered_bytes"] = report.buffered_bytes;
  root["buffer_limit_bytes"] = report.buffer_limit_bytes;
  root["writers"] = nlohmann::ordered_json::array();
  for (const txn::WriterReport& writer : report.writers) {
    nlohmann::ordered_json entry;
    entry["writer_id"] = writer.writer_id;
    entry["client_name"] = writer.client_name;
    entry["database"] = writer.database;
    entry["delivery"] = name(writer.delivery);
    if (writer.delivery == txn::Delivery::kExactlyOnce) {
      entry["epoch"] = writer.epoch;
      entry["transactions"] = transactions_json(writer.transactions);
    }
    entry["connected"] = writer.connected;
    entry["received_sequence"] = writer.ack.received_sequence;
    entry["committed_sequence"] = writer.ack.committed_sequence;
    entry["filtered_rows"] = writer.ack.filtered_rows;
    entry["buffered_bytes"] = writer.buffered_bytes;
    entry["stall_reason"] = writer.stall_reason;
    entry["last_error"] = writer.last_error;
    if (writer.last_error_time) entry["last_error_time"] = utc(*writer.last_error_time);
    root["writers"].push_back(std::move(entry));
  }
  // Names come from clients: bytes that are not UTF-8 are replaced, not thrown about.
  return root.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace loadstar::server
