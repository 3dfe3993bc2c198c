#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace loadstar::http {

/// Limits of one reply.
struct ReplyLimits {
  std::size_t header_bytes = 16384;  ///< status line and fields of one head
  std::size_t body_bytes = 1U << 20U;
};

/// What the bytes so far amount to.
enum class ReplyProgress : std::uint8_t {
  kMore,      ///< nothing that the sender of the request could act on
  kContinue,  ///< `100 Continue` arrived (once for each feed() that held one)
  kHead,      ///< the head of the final reply is complete; its body is not
  kComplete,  ///< the final reply is complete
};

/// Reply bytes to a Response: Beast's parser behind a stricter door. Pure; one object per exchange.
///
/// Refused, with kMalformedReply (the caller adds the certainty): more than one Content-Length, any
/// Transfer-Encoding but `chunked`, both together, Content-Encoding, folded lines, a line feed
/// without carriage return, control bytes, chunk extensions, trailers, 101, more than 8 interim
/// replies, bytes after the reply, and everything over the limits (delivery-and-faults.md 5.2, T08,
/// T09, T13).
class ReplyParser {
 public:
  /// `to_head` if the request was HEAD, whose reply has no body.
  ReplyParser(ReplyLimits limits, bool to_head);
  ReplyParser(const ReplyParser&) = delete;
  ReplyParser& operator=(const ReplyParser&) = delete;
  ~ReplyParser();

  /// Takes the next bytes of the stream. Not to be called after an error or kComplete.
  [[nodiscard]] Result<ReplyProgress> feed(std::string_view bytes);

  /// The peer closed its side in order: the end of a reply that has no length, else an error
  /// (kConnectionLost if no byte or only a part arrived).
  [[nodiscard]] Result<ReplyProgress> end_of_stream();

  /// Whether any byte arrived, interim replies included.
  [[nodiscard]] bool started() const { return started_; }

  /// Whether the reply lets the connection be used again; meaningful after kComplete.
  [[nodiscard]] bool keep_alive() const;

  /// The reply; call once, after kComplete.
  [[nodiscard]] Response take();

 private:
  struct Impl;

  Result<unsigned> take_head();
  Result<ReplyProgress> take_body();

  const ReplyLimits limits_;
  const bool to_head_;
  bool started_ = false;
  bool head_done_ = false;
  int interim_replies_ = 0;
  std::string unparsed_;  // head bytes until the head is whole, then body bytes Beast wants again
  std::size_t scanned_ = 0;  // of unparsed_, while it is a head
  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::http
