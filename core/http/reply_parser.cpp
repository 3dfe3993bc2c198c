#include "core/http/reply_parser.hpp"

#include "core/base/assert.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>

namespace loadstar::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr int kMaxInterimReplies = 8;
constexpr unsigned kIncomplete = 0;
/// "0\r\n\r\n". Beast 1.81 asserts that it never sees four bytes of a last chunk that comes first
/// (basic_parser.ipp, parse_chunk_header), so a peer could abort us. A chunked body that is not
/// over has at least these bytes to come; Beast gets none before so many are there.
constexpr std::size_t kLastChunkBytes = 5;

Error malformed(std::string detail) {
  return Error{Errc::kMalformedReply, Certainty::kUnknown, "reply: " + std::move(detail)};
}

Error lost(std::string detail) {
  return Error{Errc::kConnectionLost, Certainty::kUnknown, std::move(detail)};
}

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7F;
}

/// Scans `text` from `position` on for the end of a head. Returns its length, 0 if it is not all
/// there yet; `position` is where to go on. Beast tolerates what is refused here.
Result<std::size_t> find_head_end(std::string_view text, std::size_t& position) {
  for (; position < text.size(); ++position) {
    const char c = text[position];
    if (is_forbidden_control(c)) return malformed("control byte in the head");
    const bool after_cr = position > 0 && text[position - 1] == '\r';
    if ((c == '\n') != after_cr) return malformed("line that does not end in CR LF");
    if (c == '\n' && position >= 3 && text.substr(position - 3, 2) == "\r\n") {
      return ++position;
    }
    const bool line_start = position >= 2 && text[position - 1] == '\n';
    if (line_start && (c == ' ' || c == '\t')) return malformed("folded header field");
  }
  return std::size_t{0};
}

}  // namespace

struct ReplyParser::Impl {
  Impl(const ReplyLimits& limits, bool to_head) {
    // The head is bounded before Beast sees it; Beast's own limit holds for one field at a time.
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes + 1));
    parser.body_limit(limits.body_bytes);
    parser.skip(to_head);
    parser.on_chunk_header(refuse_extensions);
  }

  beast_http::response_parser<beast_http::string_body> parser;
  std::function<void(std::uint64_t, boost::beast::string_view, boost::system::error_code&)>
      refuse_extensions = [](std::uint64_t /*size*/, boost::beast::string_view extensions,
                             boost::system::error_code& ec) {
        if (!extensions.empty()) ec = beast_http::error::bad_chunk_extension;
      };
  std::size_t fields_in_head = 0;

  std::size_t count_fields() const {
    const auto& fields = parser.get().base();
    return static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
  }

  /// What Beast lets through although it is ambiguous.
  Result<void> check_head() const {
    const auto& message = parser.get();
    const unsigned status = message.result_int();
    if (status < 100 || status > 599) return malformed("status outside 100..599");
    if (status == 101) return malformed("101 was not asked for");
    const auto& fields = message.base();
    if (fields.count(beast_http::field::content_encoding) > 0) {
      return malformed("Content-Encoding was not asked for");
    }
    const auto lengths = fields.count(beast_http::field::content_length);
    const auto codings = fields.count(beast_http::field::transfer_encoding);
    if (lengths + codings > 1) return malformed("more than one framing field");
    if (lengths == 1) {
      const auto value = fields[beast_http::field::content_length];
      const bool number = value.find_first_not_of("0123456789") == value.npos;
      if (!number) return malformed("Content-Length is not one number");
    }
    if (codings == 1) {
      const auto value = fields[beast_http::field::transfer_encoding];
      const bool plain = boost::beast::iequals(value, "chunked") && message.version() == 11;
      if (!plain) return malformed("Transfer-Encoding is not chunked");
    }
    return {};
  }
};

ReplyParser::ReplyParser(ReplyLimits limits, bool to_head) : limits_(limits), to_head_(to_head) {}

ReplyParser::~ReplyParser() = default;

Result<ReplyProgress> ReplyParser::feed(std::string_view bytes) {
  if (bytes.empty()) return head_done_ ? ReplyProgress::kHead : ReplyProgress::kMore;
  started_ = true;
  unparsed_.append(bytes);
  auto progress = ReplyProgress::kMore;
  while (!head_done_ && !unparsed_.empty()) {
    const auto status = take_head();
    if (!status) return status.error();
    if (*status == kIncomplete) break;
    if (*status == 100) progress = ReplyProgress::kContinue;
  }
  if (!head_done_) return progress;
  return take_body();
}

/// One head from the front of unparsed_, interim or final; its status, or kIncomplete.
Result<unsigned> ReplyParser::take_head() {
  const auto length = find_head_end(unparsed_, scanned_);
  if (!length) return length.error();
  const std::size_t seen = *length == 0 ? unparsed_.size() : *length;
  if (seen > limits_.header_bytes) return malformed("head over its limit");
  if (*length == 0) return kIncomplete;

  impl_ = std::make_unique<Impl>(limits_, to_head_);
  boost::system::error_code ec;
  impl_->parser.put(boost::asio::buffer(unparsed_.data(), *length), ec);
  // Beast stops after the head, because it is not told to be eager.
  if (ec || !impl_->parser.is_header_done()) return malformed("bad head: " + ec.message());
  const auto checked = impl_->check_head();
  if (!checked) return checked.error();
  unparsed_.erase(0, *length);
  scanned_ = 0;

  const unsigned status = impl_->parser.get().result_int();
  if (status >= 200) {
    head_done_ = true;
    impl_->fields_in_head = impl_->count_fields();
  } else if (++interim_replies_ > kMaxInterimReplies) {
    return malformed("too many interim replies");
  }
  return status;
}

Result<ReplyProgress> ReplyParser::take_body() {
  auto& parser = impl_->parser;
  const std::size_t enough = parser.chunked() ? kLastChunkBytes : 1;
  std::size_t used = 0;
  boost::system::error_code ec;
  while (!ec && !parser.is_done() && unparsed_.size() - used >= enough) {
    used += parser.put(boost::asio::buffer(unparsed_) + used, ec);
  }
  unparsed_.erase(0, used);
  if (ec == beast_http::error::need_more) {
    // Only chunk heads and trailers wait for more; both are short unless someone plays with us.
    if (unparsed_.size() > limits_.header_bytes) return malformed("chunk head over its limit");
    return ReplyProgress::kHead;
  }
  if (ec) return malformed("bad body: " + ec.message());
  if (!parser.is_done()) return ReplyProgress::kHead;
  if (impl_->count_fields() != impl_->fields_in_head) return malformed("trailer fields");
  if (!unparsed_.empty()) return malformed("bytes after its end");
  return ReplyProgress::kComplete;
}

Result<ReplyProgress> ReplyParser::end_of_stream() {
  const bool silent = !head_done_ && unparsed_.empty();
  if (silent) return lost("the peer closed the connection without a reply");
  if (!head_done_) return lost("the peer closed the connection within the head of its reply");
  boost::system::error_code ec;
  impl_->parser.put_eof(ec);
  if (ec) return lost("the peer closed the connection within its reply");
  return ReplyProgress::kComplete;
}

bool ReplyParser::keep_alive() const {
  LOADSTAR_ASSERT(head_done_, "keep_alive() is asked of a complete reply");
  return impl_->parser.keep_alive();
}

Response ReplyParser::take() {
  LOADSTAR_ASSERT(head_done_ && impl_->parser.is_done(), "take() of a complete reply");
  auto message = impl_->parser.release();
  Response response;
  response.status = message.result_int();
  for (const auto& field : message.base()) {
    response.fields.push_back(Field{std::string(field.name_string()), std::string(field.value())});
  }
  response.body = std::move(message.body());
  return response;
}

}  // namespace loadstar::http
