#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace loadstar::bench {

/// Head of one request; names of fields in lower case.
struct RequestHead {
  std::string method;
  std::string target;
  std::map<std::string, std::string> fields;

  [[nodiscard]] std::string field(const std::string& name) const;
};

/// Parses a request line and fields, up to the blank line. Trusts the client.
[[nodiscard]] RequestHead parse_head(std::string_view text);

struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

/// The least of StarRocks that a client believes: 307 from the frontend, success with true counts
/// from the backend (starrocks-load-protocol.md 3, 4.6, 5, 8). It stores nothing and checks
/// nothing, so that what is measured is the client; tests of the protocol use the emulator.
class FakeStarRocks {
 public:
  explicit FakeStarRocks(std::uint16_t backend_port) : backend_port_(backend_port) {}

  /// The whole reply to a request whose body held `body`.
  [[nodiscard]] std::string answer(bool frontend, const RequestHead& request, Totals body);

  /// All rows and bytes that were loaded.
  [[nodiscard]] Totals totals() const { return totals_; }

 private:
  struct Transaction {
    std::uint64_t id = 0;
    Totals loaded;
  };

  [[nodiscard]] std::string redirect(const RequestHead& request) const;
  std::string load(const RequestHead& request, Totals body);
  std::string transaction(bool frontend, const RequestHead& request, Totals body);

  std::uint16_t backend_port_;
  std::uint64_t next_id_ = 1;
  std::map<std::string, Transaction> open_;  // by label
  Totals totals_;
};

/// The byte that ends rows: header `row_delimiter`, else LF; in JSON, whose objects are flat here,
/// the brace.
[[nodiscard]] char row_delimiter(const RequestHead& request);

}  // namespace loadstar::bench
