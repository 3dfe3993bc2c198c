#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::bench {

/// The rows that every contender loads (performance.md, head): six columns, about 93 bytes of CSV,
/// always the same for the same number.
struct Row {
  std::int64_t id = 0;
  std::int64_t created = 0;  ///< microseconds since 1970, whole seconds
  std::string name;
  std::string city;
  double amount = 0;  ///< two decimals
  std::int32_t quantity = 0;
};

[[nodiscard]] Row make_row(std::uint64_t number);

/// Names of the columns, in order.
[[nodiscard]] const std::vector<std::string>& column_names();

/// A run of whole rows.
struct Payload {
  std::string bytes;
  std::uint32_t rows = 0;
};

/// Tab-separated rows, as many as fit into `limit` bytes, from row `first` on.
[[nodiscard]] Payload csv_payload(std::uint64_t first, std::size_t limit);

/// Payloads of at most `limit` bytes each, at least `total` bytes together.
[[nodiscard]] std::vector<Payload> csv_payloads(std::size_t total, std::size_t limit);

}  // namespace loadstar::bench
