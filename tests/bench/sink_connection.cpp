#include "tests/bench/sink_connection.hpp"

#include "tests/bench/tcp.hpp"

#include <algorithm>
#include <cstdlib>

namespace loadstar::bench {

void SinkConnection::receive(std::string_view bytes, std::string& out) {
  switch (door_) {
    case Door::kRaw:
      count(bytes);
      return;
    case Door::kEcho:
      for (left_ += bytes.size(); left_ >= kEchoRequest; left_ -= kEchoRequest) {
        out.append(kEchoReply, 'y');
      }
      return;
    case Door::kFrontend:
    case Door::kBackend:
      receive_http(bytes, out);
      return;
  }
}

void SinkConnection::end(std::string& out) const {
  if (door_ == Door::kRaw) out = std::to_string(body_.rows);
}

void SinkConnection::receive_http(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kHead:
        bytes = read_head(bytes, out);
        break;
      case State::kChunkSize:
      case State::kChunkEnd:
        bytes = read_chunk_size(bytes, out);
        break;
      case State::kLength:
      case State::kChunk:
        bytes = read_body(bytes, out);
        break;
    }
  }
}

std::string_view SinkConnection::read_head(std::string_view bytes, std::string& out) {
  const std::size_t before = text_.size();
  text_.append(bytes);
  const std::size_t end = text_.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  bytes.remove_prefix(end + 4 - before);
  head_ = parse_head(std::string_view(text_).substr(0, end + 2));
  text_.clear();
  begin_body(out);
  return bytes;
}

void SinkConnection::begin_body(std::string& out) {
  body_ = Totals{};
  delimiter_ = row_delimiter(head_);
  const bool expects = !head_.field("expect").empty();
  const bool chunked = head_.field("transfer-encoding") == "chunked";
  left_ = std::strtoull(head_.field("content-length").c_str(), nullptr, 10);
  // A frontend answers the head; who expects a go-ahead sends no body then.
  const bool has_body = (chunked || left_ > 0) && !(door_ == Door::kFrontend && expects);
  if (!has_body) return finish(out);
  state_ = chunked ? State::kChunkSize : State::kLength;
  if (expects) out += "HTTP/1.1 100 Continue\r\n\r\n";
}

std::string_view SinkConnection::read_chunk_size(std::string_view bytes, std::string& out) {
  // "\r\n" ends the chunk before; the size follows on a line of its own.
  const std::size_t line = bytes.find('\n');
  text_.append(bytes.substr(0, line));
  if (line == std::string_view::npos) return {};
  bytes.remove_prefix(line + 1);
  if (text_ == "\r") {
    text_.clear();
    if (state_ == State::kChunkEnd) finish(out);
    return bytes;
  }
  left_ = std::strtoull(text_.c_str(), nullptr, 16);
  text_.clear();
  state_ = left_ == 0 ? State::kChunkEnd : State::kChunk;
  return bytes;
}

std::string_view SinkConnection::read_body(std::string_view bytes, std::string& out) {
  const std::size_t part = std::min<std::uint64_t>(left_, bytes.size());
  count(bytes.substr(0, part));
  left_ -= part;
  if (left_ == 0) {
    if (state_ == State::kLength) {
      finish(out);
    } else {
      state_ = State::kChunkSize;
    }
  }
  return bytes.substr(part);
}

void SinkConnection::count(std::string_view bytes) {
  body_.bytes += bytes.size();
  body_.rows += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), delimiter_));
}

void SinkConnection::finish(std::string& out) {
  state_ = State::kHead;
  out += starrocks_.answer(door_ == Door::kFrontend, head_, body_);
}

}  // namespace loadstar::bench
