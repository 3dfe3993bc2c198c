#include "tests/emulator/server/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace emulator {
inline namespace server {
namespace {

constexpr std::size_t kBufferBytes = 256U * 1024U;
/// After an answer that ends the connection, this much more is taken from the client.
constexpr std::int64_t kLingerBytes = 64LL * 1024 * 1024;
constexpr milliseconds kLingerTime{2000};

const auto kToken = asio::as_tuple(asio::use_awaitable);

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, Clock& clock)
    : socket_(std::move(socket)), clock_(clock), buffer_(kBufferBytes) {
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<bool> Connection::fill() {
  position_ = 0;
  filled_ = 0;
  const auto target = asio::buffer(buffer_);
  auto [error, size] = co_await socket_.async_read_some(target, kToken);
  if (error) co_return false;
  filled_ = size;
  co_return true;
}

asio::awaitable<Connection::HeadOutcome> Connection::read_head(HeadLimits limits, Request& request,
                                                               std::string& reason) {
  head_.clear();
  HeadParser parser(limits);
  for (;;) {
    if (position_ == filled_) {
      const bool more = co_await fill();
      if (!more) co_return HeadOutcome::kClosed;
    }
    const std::size_t before = head_.size();
    head_.append(buffer_.data() + position_, filled_ - position_);
    const HeadParser::Outcome outcome = parser.parse(head_);
    if (outcome == HeadParser::Outcome::kNeedMore) {
      position_ = filled_;
      continue;
    }
    if (outcome == HeadParser::Outcome::kBad) {
      reason = parser.reason();
      co_return HeadOutcome::kBad;
    }
    position_ += parser.consumed() - before;
    request = std::move(parser.request());
    request.client_address = peer_address();
    body_ = Body{};
    body_.chunked = request.chunked;
    body_.remaining = request.chunked ? 0 : request.content_length.value_or(0);
    body_.done = !request.has_body();
    co_return HeadOutcome::kRequest;
  }
}

asio::awaitable<BodyPiece> Connection::read_body(std::int64_t limit, std::size_t want) {
  if (body_.failed) co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
  if (body_.done) co_return BodyPiece{BodyPiece::Kind::kEnd, {}};
  if (body_.chunked) {
    const BodyPiece chunk = co_await read_chunk(limit);
    co_return chunk;
  }
  if (position_ == filled_) {
    const bool more = co_await fill();
    if (!more) {
      body_.failed = true;
      co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
    }
  }
  std::size_t size = std::min(filled_ - position_, std::max<std::size_t>(want, 1));
  if (static_cast<std::int64_t>(size) > body_.remaining) {
    size = static_cast<std::size_t>(body_.remaining);
  }
  const std::string_view bytes(buffer_.data() + position_, size);
  position_ += size;
  body_.remaining -= static_cast<std::int64_t>(size);
  body_.received += static_cast<std::int64_t>(size);
  body_.done = body_.remaining == 0;
  co_return BodyPiece{BodyPiece::Kind::kBytes, bytes};
}

asio::awaitable<BodyPiece> Connection::read_chunk(std::int64_t limit) {
  std::string line;
  const bool have_size = co_await read_line(line, 1024);
  if (!have_size) {
    body_.failed = true;
    co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
  }
  std::int64_t size = -1;
  const char* const begin = line.data();
  const auto [stop, error] = std::from_chars(begin, begin + line.size(), size, 16);
  const bool tail_fits =
      stop == begin + line.size() || *stop == ';' || *stop == ' ' || *stop == '\r';
  if (error != std::errc() || size < 0 || stop == begin || !tail_fits ||
      size > limit - body_.received) {
    body_.failed = true;
    co_return BodyPiece{BodyPiece::Kind::kRefused, {}};
  }
  if (size == 0) {
    do {  // trailers are read and ignored
      const bool have_line = co_await read_line(line, 65536);
      if (!have_line) {
        body_.failed = true;
        co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
      }
    } while (!line.empty());
    body_.done = true;
    co_return BodyPiece{BodyPiece::Kind::kEnd, {}};
  }
  chunk_.clear();
  const auto wanted = static_cast<std::size_t>(size);
  while (chunk_.size() < wanted) {
    if (position_ == filled_) {
      const bool more = co_await fill();
      if (!more) {
        body_.failed = true;
        co_return BodyPiece{BodyPiece::Kind::kBroken, {}};
      }
    }
    const std::size_t part = std::min(filled_ - position_, wanted - chunk_.size());
    chunk_.append(buffer_.data() + position_, part);
    position_ += part;
  }
  const bool have_end = co_await read_line(line, 2);
  if (!have_end || !line.empty()) {
    body_.failed = true;
    co_return BodyPiece{have_end ? BodyPiece::Kind::kRefused : BodyPiece::Kind::kBroken, {}};
  }
  body_.received += size;
  co_return BodyPiece{BodyPiece::Kind::kBytes, chunk_};
}

asio::awaitable<bool> Connection::read_line(std::string& line, std::size_t longest) {
  line.clear();
  for (;;) {
    if (position_ == filled_) {
      const bool more = co_await fill();
      if (!more) co_return false;
    }
    const char c = buffer_[position_++];
    if (c == '\n') break;
    line.push_back(c);
    if (line.size() > longest) co_return true;  // not a line any more: the caller refuses it
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  co_return true;
}

asio::awaitable<bool> Connection::write(std::string bytes) {
  const auto source = asio::buffer(bytes);
  auto [error, size] = co_await asio::async_write(socket_, source, kToken);
  co_return !error && size == bytes.size();
}

asio::awaitable<bool> Connection::drip(std::string bytes, milliseconds pause) {
  for (const char c : bytes) {
    std::string one(1, c);
    const bool sent = co_await write(std::move(one));
    if (!sent) co_return false;
    const bool running = co_await clock_.pause(pause);
    if (!running) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> Connection::discard_body(std::int64_t limit) {
  for (;;) {
    const BodyPiece piece = co_await read_body(limit, kBufferBytes);
    if (piece.kind == BodyPiece::Kind::kEnd) co_return true;
    if (piece.kind != BodyPiece::Kind::kBytes) co_return false;
  }
}

asio::awaitable<void> Connection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  co_await wait_for_close(kLingerTime);
  close();
}

asio::awaitable<void> Connection::wait_for_close(milliseconds longest) {
  using asio::experimental::awaitable_operators::operator||;
  auto take_all = [this]() -> asio::awaitable<void> {
    std::int64_t taken = 0;
    for (;;) {
      const bool more = co_await fill();
      if (!more) co_return;
      taken += static_cast<std::int64_t>(filled_);
      if (taken > kLingerBytes) co_return;
    }
  };
  if (longest.count() == 0) {
    co_await take_all();
    co_return;
  }
  co_await (take_all() || clock_.pause(longest));
}

void Connection::reset() {
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void Connection::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

std::string Connection::peer_address() const {
  boost::system::error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  return error ? "127.0.0.1" : endpoint.address().to_string();
}

}  // namespace server
}  // namespace emulator
