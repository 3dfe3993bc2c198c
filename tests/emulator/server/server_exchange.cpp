#include "tests/emulator/server/server_exchange.hpp"

#include <algorithm>

namespace emulator {
inline namespace server {
namespace {

constexpr std::size_t kLargestPiece = 256U * 1024U;

}  // namespace

asio::awaitable<BodyPiece> Server::SocketExchange::read_body() {
  if (struck_) co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
  if (!continued_) {
    continued_ = true;
    if (request.expects_continue() && request.has_body() && !connection_->bytes_waiting()) {
      const bool sent = co_await connection_->write("HTTP/1.1 100 Continue\r\n\r\n");
      if (!sent) co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
    }
  }
  std::size_t want = kLargestPiece;
  for (const FaultRule& rule : faults) {
    if (rule.phase != FaultPhase::kBody || rule.after_bytes < body_bytes) continue;
    const std::int64_t until = rule.after_bytes - body_bytes;
    if (until > 0) want = std::min(want, static_cast<std::size_t>(until));
    if (until > 0) continue;
    const bool ended = co_await strike_body();
    if (ended) co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
    break;
  }
  const BodyPiece piece = co_await connection_->read_body(chunked_limit, want);
  if (piece.kind == BodyPiece::Kind::kBytes) {
    body_bytes += static_cast<std::int64_t>(piece.bytes.size());
    if (recording_) recorded_.append(piece.bytes);
  }
  co_return piece;
}

asio::awaitable<bool> Server::SocketExchange::strike_body() {
  const auto found = std::find_if(faults.begin(), faults.end(), [this](const FaultRule& rule) {
    return rule.phase == FaultPhase::kBody && rule.after_bytes == body_bytes;
  });
  const FaultRule rule = *found;
  if (rule.action == FaultAction::kDelay) {
    co_await clock_.pause(rule.delay);
    faults.erase(std::remove_if(faults.begin(), faults.end(),
                                [&rule](const FaultRule& other) {
                                  return other.phase == FaultPhase::kBody &&
                                         other.action == FaultAction::kDelay &&
                                         other.after_bytes == rule.after_bytes;
                                }),
                 faults.end());
    co_return false;
  }
  struck_ = true;
  if (rule.action == FaultAction::kHang) {
    co_await connection_->wait_for_close(rule.delay);
  }
  if (rule.action == FaultAction::kDropReply) {
    connection_->close();
  } else {
    connection_->reset();
  }
  co_return true;
}

asio::awaitable<BodyPiece> Server::ReplayExchange::read_body() {
  if (given_ || body_.empty()) co_return BodyPiece{BodyPiece::Kind::kEnd, {}};
  given_ = true;
  body_bytes = static_cast<std::int64_t>(body_.size());
  co_return BodyPiece{BodyPiece::Kind::kBytes, body_};
}

}  // namespace server
}  // namespace emulator
