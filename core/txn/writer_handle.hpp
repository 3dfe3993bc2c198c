#pragma once

#include "core/base/clock.hpp"
#include "core/base/reason.hpp"
#include "core/base/slice.hpp"
#include "core/txn/api.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace loadstar::txn {

namespace asio = boost::asio;

/// What streams and the registry ask of a writer, whichever its delivery.
///
/// Lives on a strand of its own; every method is called on it, except number(), id(), database()
/// and strand(). Owned by the registry; streams, and the coroutines of the writer itself, share it.
class WriterHandle : public std::enable_shared_from_this<WriterHandle> {
 public:
  WriterHandle(const WriterHandle&) = delete;
  WriterHandle& operator=(const WriterHandle&) = delete;
  virtual ~WriterHandle() = default;

  /// Number of the writer in this process.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// Empty: anonymous.
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] const asio::any_io_executor& strand() const { return strand_; }

  /// The calls of WriteStream, for stream number `stream`.
  virtual asio::awaitable<Answer<Done>> append(std::uint64_t stream, SliceList message) = 0;
  virtual void half_close(std::uint64_t stream) = 0;
  virtual void disconnect(std::uint64_t stream) = 0;
  virtual asio::awaitable<StreamEvent> next_event(std::uint64_t stream) = 0;

  /// Tells the client, reads no more, flushes what was received; the stream ends with DRAINING once
  /// all of it is final, or after `grace`.
  virtual void drain(std::chrono::milliseconds grace) = 0;

  /// Waits until the writer is gone or `deadline`.
  virtual asio::awaitable<void> wait_gone(Deadline deadline) = 0;

  /// Ends the stream with DRAINING at once, and all waits. What is held is given up: it was never
  /// acknowledged as committed.
  virtual asio::awaitable<void> stop() = 0;

  [[nodiscard]] virtual WriterReport report() const = 0;
  /// Received and not final.
  [[nodiscard]] virtual std::uint64_t pending_batches() const = 0;
  [[nodiscard]] virtual std::uint64_t pending_rows() const = 0;

 protected:
  WriterHandle(asio::any_io_executor strand, std::uint64_t number, std::string id,
               std::string database)
      : strand_(std::move(strand)),
        number_(number),
        id_(std::move(id)),
        database_(std::move(database)) {}

 private:
  asio::any_io_executor strand_;
  std::uint64_t number_;
  std::string id_;
  std::string database_;
};

}  // namespace loadstar::txn
