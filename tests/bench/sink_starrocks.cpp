#include "tests/bench/sink_starrocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace loadstar::bench {
namespace {

std::string reply(std::string_view body) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n{}",
      body.size(), body);
}

std::string counts(Totals body) {
  return fmt::format(
      R"("NumberTotalRows":{0},"NumberLoadedRows":{0},"NumberFilteredRows":0,)"
      R"("NumberUnselectedRows":0,"LoadBytes":{1},"LoadTimeMs":1,"BeginTxnTimeMs":0,)"
      R"("StreamLoadPlanTimeMs":0,"ReadDataTimeMs":0,"WriteDataTimeMs":0,"CommitAndPublishTimeMs":0)",
      body.rows, body.bytes);
}

void add(Totals& sum, Totals more) {
  sum.rows += more.rows;
  sum.bytes += more.bytes;
}

/// Schema of every table (8.5): the columns of rows.hpp.
constexpr std::string_view kSchema =
    R"({"code":"0","message":"OK","result":{"keysType":"DUP_KEYS","columns":[)"
    R"({"name":"id","type":{"name":"BIGINT"},"isKey":true,"isAllowNull":false},)"
    R"({"name":"created","type":{"name":"DATETIME"},"isAllowNull":true},)"
    R"({"name":"name","type":{"name":"VARCHAR","columnSize":65533},"isAllowNull":true},)"
    R"({"name":"city","type":{"name":"VARCHAR","columnSize":65533},"isAllowNull":true},)"
    R"({"name":"amount","type":{"name":"DOUBLE"},"isAllowNull":true},)"
    R"({"name":"quantity","type":{"name":"INT"},"isAllowNull":true}]}})";

}  // namespace

std::string RequestHead::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

RequestHead parse_head(std::string_view text) {
  RequestHead head;
  const std::size_t line = text.find("\r\n");
  const std::size_t blank = text.find(' ');
  head.method = text.substr(0, blank);
  head.target = text.substr(blank + 1, text.rfind(' ', line) - blank - 1);
  text.remove_prefix(line + 2);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\r\n"), text.size());
    const std::string_view field = text.substr(0, end);
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos) break;
    std::string name(field.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string_view value = field.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    head.fields.emplace(std::move(name), value);
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return head;
}

char row_delimiter(const RequestHead& request) {
  if (request.field("format") == "json") return '}';
  const std::string text = request.field("row_delimiter");
  unsigned value = 0;
  const bool coded = text.size() >= 4 && (text.starts_with("\\x") || text.starts_with("0x"));
  if (coded && std::from_chars(text.data() + 2, text.data() + 4, value, 16).ec == std::errc()) {
    return static_cast<char>(value);
  }
  return text.empty() || text == "\\n" ? '\n' : text.front();
}

std::string FakeStarRocks::answer(bool frontend, const RequestHead& request, Totals body) {
  const std::string_view target = request.target;
  if (target.starts_with("/api/transaction/")) return transaction(frontend, request, body);
  if (target.ends_with("/_stream_load")) return frontend ? redirect(request) : load(request, body);
  if (target == "/api/v2/feature")
    return reply(R"({"version":"3.5.0","features":[],"status":"OK"})");
  if (target.find("/get_load_state") != std::string_view::npos) {
    return reply(R"({"state":"VISIBLE","reason":"","status":"OK","msg":"Success","message":"OK"})");
  }
  if (target.ends_with("/schema")) return reply(kSchema);
  return reply(R"({"status":"OK","msg":"Success","message":"OK"})");
}

std::string FakeStarRocks::redirect(const RequestHead& request) const {
  return fmt::format(
      "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{}{}\r\n"
      "content-length: 0\r\n\r\n",
      backend_port_, request.target);
}

std::string FakeStarRocks::load(const RequestHead& request, Totals body) {
  add(totals_, body);
  return reply(fmt::format(R"({{"TxnId":{},"Label":"{}","Status":"Success","Message":"OK",{}}})",
                           next_id_++, request.field("label"), counts(body)));
}

std::string FakeStarRocks::transaction(bool frontend, const RequestHead& request, Totals body) {
  const std::string label = request.field("label");
  const std::string_view operation =
      std::string_view(request.target).substr(request.target.rfind('/') + 1);
  const bool ends = operation == "commit" || operation == "rollback";
  if (frontend && !ends) return redirect(request);
  Transaction& transaction = open_[label];
  if (transaction.id == 0) transaction.id = next_id_++;
  std::string extra;
  if (operation == "begin") {
    extra = R"("BeginTxnTimeMs":0)";
  } else if (operation == "load") {
    add(transaction.loaded, body);
    extra = fmt::format(R"("LoadBytes":{},"StreamLoadPlanTimeMs":0,"ReceivedDataTimeMs":0)",
                        body.bytes);
  } else {
    extra = counts(transaction.loaded);
  }
  const std::string answer =
      reply(fmt::format(R"({{"Status":"OK","Message":"","Label":"{}","TxnId":{},{}}})", label,
                        transaction.id, extra));
  if (operation == "commit") add(totals_, transaction.loaded);
  if (ends) open_.erase(label);
  return answer;
}

}  // namespace loadstar::bench
