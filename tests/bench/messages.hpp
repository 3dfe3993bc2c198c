#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace loadstar::bench {

/// A serialised WriteRequest with a Batch, without a sequence number, so that it can be sent again
/// and again. Made before the clock starts: what is measured is the daemon, not protobuf in a
/// client.
struct Message {
  std::string bytes;
  std::uint32_t rows = 0;
  std::size_t payload = 0;  ///< bytes of its rows as CSV; what "GB" means in every figure
};

/// Encoded rows (FORMAT_CSV), `limit` bytes a message, at least `total` bytes together.
[[nodiscard]] std::vector<Message> csv_messages(const std::string& table, std::size_t total,
                                                std::size_t limit);

/// Typed rows, `rows` a message, `count` messages.
[[nodiscard]] std::vector<Message> typed_messages(const std::string& table, std::uint32_t rows,
                                                  std::size_t count);

/// One row of about `bytes` bytes of CSV.
[[nodiscard]] Message one_row_message(const std::string& table, std::size_t bytes);

/// The first message of a stream: an anonymous at-least-once writer of database "bench".
[[nodiscard]] std::string open_message();

}  // namespace loadstar::bench
