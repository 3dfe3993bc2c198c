#include "tests/support/scripted_transport.hpp"

#include "core/base/deadline.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace loadstar::test {
namespace {

bool same_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

}  // namespace

http::Response reply(unsigned status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

http::Response redirect_to(std::string location) {
  constexpr unsigned kTemporaryRedirect = 307;
  http::Response response;
  response.status = kTemporaryRedirect;
  response.fields.push_back(http::Field{"location", std::move(location)});
  return response;
}

Error refused() { return Error{Errc::kConnectFailed, Certainty::kNotApplied, "refused"}; }

Error reply_lost() { return Error{Errc::kConnectionLost, Certainty::kUnknown, "reply lost"}; }

ScriptedTransport::~ScriptedTransport() {
  EXPECT_TRUE(script_.empty()) << script_.size() << " expected requests were not sent, first: "
                               << script_.front().line << " to " << script_.front().endpoint;
}

ScriptedTransport& ScriptedTransport::expect(std::string endpoint, std::string line,
                                             ScriptedAnswer answer) {
  script_.push_back(Step{std::move(endpoint), std::move(line), std::move(answer)});
  return *this;
}

boost::asio::awaitable<Result<http::Response>> ScriptedTransport::send(http::Endpoint endpoint,
                                                                       http::Request request,
                                                                       Deadline deadline) {
  const std::string line = request.method + " " + request.target;
  const std::string at = http::to_string(endpoint);
  sent_.push_back(Sent{std::move(endpoint), std::move(request), deadline});
  const bool expected =
      !script_.empty() && script_.front().endpoint == at && line.starts_with(script_.front().line);
  if (!expected) {
    ADD_FAILURE() << "unexpected request " << line << " to " << at << ", expected "
                  << (script_.empty() ? "none"
                                      : script_.front().line + " to " + script_.front().endpoint);
    co_return Error{Errc::kInvalidRequest, Certainty::kNotApplied, "not in the script"};
  }
  ScriptedAnswer answer = std::move(script_.front().answer);
  script_.pop_front();
  if (auto* response = std::get_if<http::Response>(&answer)) co_return std::move(*response);
  if (auto* error = std::get_if<Error>(&answer)) co_return std::move(*error);
  const Certainty certainty = std::get<Hang>(answer).certainty;
  const bool passed = co_await sleep_until(deadline);
  const Errc code = passed ? Errc::kDeadlineExceeded : Errc::kCancelled;
  co_return Error{code, certainty, "no reply"};
}

boost::asio::awaitable<Result<http::Response>> FaultyTransport::send(http::Endpoint endpoint,
                                                                     http::Request request,
                                                                     Deadline deadline) {
  const bool spoiled = calls_++ == call_;
  if (spoiled && fault_ == Fault::kBefore) co_return refused();
  auto response = co_await inner_.send(std::move(endpoint), std::move(request), deadline);
  if (!spoiled || !response) co_return response;
  constexpr unsigned kOk = 200;
  constexpr unsigned kInternalServerError = 500;
  if (fault_ == Fault::kReplyLost) co_return reply_lost();
  if (fault_ == Fault::kServerError) co_return reply(kInternalServerError, "");
  co_return reply(kOk, "<html>");
}

std::string field_of(const http::Request& request, std::string_view name) {
  for (const http::Field& field : request.fields) {
    if (same_name(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace loadstar::test
