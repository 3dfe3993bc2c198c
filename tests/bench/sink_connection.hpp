#pragma once

#include "tests/bench/sink_starrocks.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loadstar::bench {

/// What a port of the sink speaks.
enum class Door : std::uint8_t {
  kFrontend,
  kBackend,
  kRaw,   ///< bytes until the end of the stream, answered by the number of rows as text
  kEcho,  ///< kEchoReply bytes for each kEchoRequest bytes
};

/// One connection of the sink: takes bytes as they come, gives what is to be written. Rows are
/// counted by their delimiter at every door, so that every contender pays the same at this end.
class SinkConnection {
 public:
  SinkConnection(Door door, FakeStarRocks& starrocks) : door_(door), starrocks_(starrocks) {}

  /// Appends what has to be written to `out`.
  void receive(std::string_view bytes, std::string& out);
  /// The peer has ended its side.
  void end(std::string& out) const;

 private:
  enum class State : std::uint8_t { kHead, kLength, kChunkSize, kChunk, kChunkEnd };

  void receive_http(std::string_view bytes, std::string& out);
  std::string_view read_head(std::string_view bytes, std::string& out);
  std::string_view read_chunk_size(std::string_view bytes, std::string& out);
  std::string_view read_body(std::string_view bytes, std::string& out);
  void begin_body(std::string& out);
  void count(std::string_view bytes);
  void finish(std::string& out);

  Door door_;
  FakeStarRocks& starrocks_;
  State state_ = State::kHead;
  std::string text_;  // of a head or a chunk size that is not complete yet
  RequestHead head_;
  char delimiter_ = '\n';
  std::uint64_t left_ = 0;  // of the body or of the chunk
  Totals body_;
};

}  // namespace loadstar::bench
