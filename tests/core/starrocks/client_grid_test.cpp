#include "core/starrocks/client.hpp"
#include "tests/core/starrocks/client_fixture.hpp"

#include <functional>

namespace loadstar::starrocks {
namespace {

using std::chrono::seconds;
using test::FaultyTransport;
using test::Hang;
using test::redirect_to;
using test::refused;
using test::reply;
using test::reply_lost;
using test::ScriptedAnswer;

/// One operation as the grid of delivery-and-faults.md 3.2 sees it: how it is called, where its
/// request goes, a good reply, and how its end reads.
struct Column {
  const char* name;
  const char* line;
  bool answered_by_backend;
  bool repeatable;  ///< a question: asked again after an unknown outcome
  Certainty lost_redirect;
  const char* success;
  std::function<std::optional<Error>(Client&, boost::asio::io_context&)> call;
};

template <class T>
std::optional<Error> error_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error();
}

std::optional<Error> error_of(const LoadOutcome& outcome) {
  if (outcome.verdict == LoadVerdict::kDone) return std::nullopt;
  return outcome.error;
}

Deadline soon() { return Clock::now() + seconds(20); }

LoadRequest a_load() {
  LoadRequest request;
  request.table = TableName{"db", "t"};
  request.label = "lbl-1";
  request.body.append(Slice::from_static("1,a\n"));
  return request;
}

const char* const kCounts =
    R"("NumberTotalRows":1,"NumberLoadedRows":1,"NumberFilteredRows":0,"NumberUnselectedRows":0)";
const std::string kStreamLoaded =
    R"({"TxnId":7,"Label":"lbl-1","Status":"Success","Message":"OK","LoadBytes":4,)" +
    std::string(kCounts) + "}";
const std::string kPreparedReply =
    R"({"Status":"OK","Message":"","Label":"lbl-1","TxnId":7,)" + std::string(kCounts) + "}";

const std::vector<Column>& columns() {
  constexpr auto kNo = Certainty::kNotApplied;
  constexpr auto kMaybe = Certainty::kUnknown;
  static const TableName kTable{"db", "t"};
  static const std::vector<Column> kColumns{
      {"begin", "POST /api/transaction/begin", true, false, kNo,
       R"({"Status":"OK","Label":"lbl-1","TxnId":7})",
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.begin(kTable, "lbl-1", seconds(60), soon())));
       }},
      {"load", "PUT /api/transaction/load", true, false, kNo,
       R"({"Status":"OK","Label":"lbl-1","TxnId":7,"LoadBytes":4})",
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.load(a_load(), soon())));
       }},
      {"prepare", "POST /api/transaction/prepare", true, false, kMaybe, kPreparedReply.c_str(),
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.prepare(kTable, "lbl-1", seconds(60), soon())));
       }},
      {"commit", "POST /api/transaction/commit", false, false, kMaybe,
       R"({"Status":"OK","Label":"lbl-1","TxnId":7,"Message":""})",
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.commit(kTable, "lbl-1", seconds(60), soon())));
       }},
      {"rollback", "POST /api/transaction/rollback", false, false, kMaybe,
       R"({"Status":"OK","Label":"lbl-1","TxnId":7,"Message":""})",
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.rollback(kTable, "lbl-1", soon())));
       }},
      {"query", "GET /api/db/get_load_state?label=lbl-1", false, true, kMaybe,
       R"({"state":"VISIBLE","reason":"","status":"OK","msg":"Success"})",
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.label_state("db", "lbl-1", soon())));
       }},
      {"plain load", "PUT /api/db/t/_stream_load", true, false, kNo, kStreamLoaded.c_str(),
       [](Client& client, boost::asio::io_context& io) {
         return error_of(test::run(io, client.stream_load(a_load(), seconds(60), soon())));
       }},
  };
  return kColumns;
}

/// The grid: each fault against each operation, with one frontend, so that nothing hides a fault.
class ClientGridTest : public ClientFixture, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void SetUp() override {
    ClientFixture::SetUp();
    options.load_urls = {{false, "fe1", 8030}};
  }

  [[nodiscard]] const Column& column() const { return columns()[GetParam()]; }

  /// The server that answers the operation gives `answer`.
  void answer(ScriptedAnswer what) {
    if (column().answered_by_backend) {
      transport.expect(kFe1, column().line, redirect_to("http://be1:8040/x"))
          .expect(kBe1, column().line, std::move(what));
    } else {
      transport.expect(kFe1, column().line, std::move(what));
    }
  }

  void expect_success() {
    const auto error = column().call(client(), io);
    EXPECT_FALSE(error.has_value()) << column().name << ": " << describe(*error);
  }

  void expect_error(Errc code, Certainty certainty) {
    const auto error = column().call(client(), io);
    ASSERT_TRUE(error.has_value()) << column().name;
    EXPECT_EQ(error->code, code) << column().name << ": " << describe(*error);
    EXPECT_EQ(error->certainty, certainty) << column().name << ": " << describe(*error);
    EXPECT_EQ(error->detail.find(kPassword), std::string::npos);
  }
};

TEST_P(ClientGridTest, Success) {
  answer(reply(200, column().success));
  expect_success();
}

// F041, F259: the body decides, not the content type.
TEST_P(ClientGridTest, WrongContentType) {
  http::Response response = reply(200, column().success);
  response.fields = {{"Content-Type", "image/png"}};
  answer(std::move(response));
  expect_success();
}

// F032, F073, F109, F158, F192, F257, F220
TEST_P(ClientGridTest, Refused) {
  transport.expect(kFe1, column().line, refused());
  expect_error(Errc::kConnectFailed, Certainty::kNotApplied);
}

// F036, F037, F076-F079, F092, F110, F111, F159, F160, F222
TEST_P(ClientGridTest, ResetOrReplyLost) {
  answer(reply_lost());
  expect_error(Errc::kConnectionLost, Certainty::kUnknown);
}

// F074, F088: the transport knows that no body byte had left.
TEST_P(ClientGridTest, NotAskedForTheBody) {
  const Error error{Errc::kDeadlineExceeded, Certainty::kNotApplied, "no 100-continue"};
  const bool twice = column().answered_by_backend;  // once more through the frontend (F062, RS)
  answer(error);
  if (twice) answer(error);
  expect_error(Errc::kDeadlineExceeded, Certainty::kNotApplied);
}

// F038, F080, F082, F093, F112, F161, F262, F263
TEST_P(ClientGridTest, TimeoutDripHalfOpen) {
  answer(Hang{});
  expect_error(Errc::kDeadlineExceeded, Certainty::kUnknown);
}

// F039, F094, F113, F162, F230, F258
TEST_P(ClientGridTest, ServerError) {
  for (const unsigned status : {500U, 502U, 503U, 504U}) {
    answer(reply(status, "<html>"));
    if (column().repeatable && column().answered_by_backend) answer(reply(status, "<html>"));
    expect_error(Errc::kUnexpectedStatus, Certainty::kUnknown);
  }
}

// The same of a load balancer that knows no such path.
TEST_P(ClientGridTest, PageOfAProxy) {
  for (const unsigned status : {404U, 405U, 501U}) {
    http::Response page = reply(status, "<html>");
    page.body_started = true;
    answer(std::move(page));
    expect_error(Errc::kUnexpectedStatus, Certainty::kUnknown);
  }
}

// F040, F042, F095, F114, F163, F230, F258, T10
TEST_P(ClientGridTest, MalformedReply) {
  const std::string success = column().success;
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("<html>OK</html>"),
        success.substr(0, success.size() / 2), success + "x",
        "{\"Status\":\"OK\"," + success.substr(1), std::string(100'000, '['),
        std::string("{\"Status\":\"") + std::string(2'000'000, 'x') + "\"}"}) {
    if (body.starts_with("{\"Status\":\"OK\",") && success.find("\"Status\"") == std::string::npos)
      continue;
    answer(reply(200, body));
    expect_error(Errc::kMalformedReply, Certainty::kUnknown);
  }
}

// F062, F117, F260
TEST_P(ClientGridTest, RedirectToADeadHost) {
  for (int i = 0; i < 2; ++i) {
    transport.expect(kFe1, column().line, redirect_to("http://be1:8040/x"))
        .expect(kBe1, column().line, refused());
  }
  expect_error(Errc::kConnectFailed, Certainty::kNotApplied);
}

// F061, F236, F260
TEST_P(ClientGridTest, RedirectLoop) {
  const int tries = column().lost_redirect == Certainty::kNotApplied || column().repeatable ? 2 : 1;
  for (int i = 0; i < tries; ++i)
    transport.expect(kFe1, column().line, redirect_to("http://fe1:8030/x"));
  expect_error(Errc::kRedirectFailed, column().lost_redirect);
}

// F063, F174, F261: with the policy that asks nobody, so that only this request is seen.
TEST_P(ClientGridTest, RedirectToAForeignHost) {
  options.redirect_policy = RedirectPolicy::kMap;
  transport.expect(kFe1, column().line, redirect_to("http://evil:8040/x"));
  expect_error(Errc::kRedirectRefused, column().lost_redirect);
  EXPECT_EQ(transport.sent().size(), 1U);
}

// F066
TEST_P(ClientGridTest, BadLocation) {
  const int tries = column().lost_redirect == Certainty::kNotApplied || column().repeatable ? 2 : 1;
  for (const char* location : {"/relative", "", "http://be1:8040/\r\nX: y"}) {
    for (int i = 0; i < tries; ++i) transport.expect(kFe1, column().line, redirect_to(location));
    expect_error(Errc::kRedirectFailed, column().lost_redirect);
  }
}

// F067
TEST_P(ClientGridTest, RedirectOfAnotherKind) {
  for (const unsigned status : {301U, 302U, 303U}) {
    http::Response response = redirect_to("http://be1:8040/x");
    response.status = status;
    transport.expect(kFe1, column().line, response);
    if (column().repeatable) transport.expect(kFe1, column().line, response);
    expect_error(Errc::kRedirectFailed, Certainty::kUnknown);
  }
}

// F050, F267
TEST_P(ClientGridTest, BadCredentials) {
  transport.expect(kFe1, column().line,
                   reply(401, R"({"status":"FAILED","msg":"Access denied for root@1.2.3.4"})"));
  expect_error(Errc::kBadCredentials, Certainty::kNotApplied);
}

// F098, F115, F165, F193: TXN_NOT_EXISTS, which no operation takes for an outcome.
TEST_P(ClientGridTest, TransactionNotExists) {
  answer(reply(
      200, R"({"Status":"TXN_NOT_EXISTS","Message":"transaction with label lbl-1 not exists"})"));
  const auto error = column().call(client(), io);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Errc::kRejected);
}

// F072: a frontend that answers a load itself.
TEST_P(ClientGridTest, AFrontendAnswersALoadItself) {
  const bool is_load = std::string(column().line).starts_with("PUT");
  transport.expect(kFe1, column().line, reply(200, column().success));
  if (is_load) {
    expect_error(Errc::kMalformedReply, Certainty::kUnknown);
  } else {
    expect_success();
  }
}

// F069
TEST_P(ClientGridTest, RedirectAfterBodyBytes) {
  http::Response late = redirect_to("http://be2:8040/x");
  late.body_started = true;
  transport.expect(kFe1, column().line, late)
      .expect(kBe2, column().line, reply(200, column().success));
  expect_success();
  transport.expect(kFe1, column().line, redirect_to("http://be1:8040/x"))
      .expect(kBe1, column().line, late);
  if (column().repeatable) {
    transport.expect(kFe1, column().line, redirect_to("http://be1:8040/x"))
        .expect(kBe1, column().line, late);
  }
  expect_error(Errc::kRedirectFailed, Certainty::kUnknown);
}

// F100, T11: a reply about another label.
TEST_P(ClientGridTest, AnotherLabel) {
  std::string body = column().success;
  const std::size_t at = body.find("lbl-1");
  if (at == std::string::npos) {
    // Nothing to compare: the reply to the only operation whose reply names no label.
    EXPECT_EQ(std::string_view(column().name), "query");
    return;
  }
  answer(reply(200, body.replace(at, 5, "lbl-2")));
  expect_error(Errc::kMalformedReply, Certainty::kUnknown);
}

// With two frontends every single fault is either hidden or told; no success comes of a lost reply.
TEST_P(ClientGridTest, EverySingleFaultIsHiddenOrTold) {
  options = default_options();
  for (const auto fault :
       {FaultyTransport::Fault::kBefore, FaultyTransport::Fault::kReplyLost,
        FaultyTransport::Fault::kServerError, FaultyTransport::Fault::kGarbage}) {
    for (std::size_t n = 0;; ++n) {
      test::ScriptedTransport script;
      FaultyTransport faulty(script, n, fault);
      Client one(options, faulty, metrics, Logger(), 0);
      const bool hop = column().answered_by_backend;
      // Which requests reach the script depends on the fault; the script is made to match.
      const bool again = fault == FaultyTransport::Fault::kBefore ||
                         (column().repeatable && fault != FaultyTransport::Fault::kGarbage);
      const auto exchange = [&](const char* frontend, bool with_frontend, bool with_backend) {
        if (!hop) {
          if (with_frontend) script.expect(frontend, column().line, reply(200, column().success));
          return;
        }
        if (with_frontend) script.expect(frontend, column().line, redirect_to("http://be1:8040/x"));
        if (with_backend) script.expect(kBe1, column().line, reply(200, column().success));
      };
      const bool before = fault == FaultyTransport::Fault::kBefore;
      if (n == 0) exchange(kFe1, !before, false);
      if (n == 1 && hop) exchange(kFe1, true, !before);
      const bool in_reach = n == 0 || (n == 1 && hop);
      const char* const next = in_reach ? kFe2 : kFe1;
      if (!in_reach || again) exchange(next, true, true);
      const auto error = column().call(one, io);
      if (in_reach && !again) {
        ASSERT_TRUE(error.has_value()) << column().name << " call " << n;
        EXPECT_EQ(error->certainty, Certainty::kUnknown) << column().name << " call " << n;
      } else {
        EXPECT_FALSE(error.has_value())
            << column().name << " call " << n << ": " << describe(*error);
      }
      if (!faulty.fired()) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, ClientGridTest, ::testing::Range<std::size_t>(0, 7),
                         [](const auto& parameter) {
                           std::string name = columns()[parameter.param].name;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace loadstar::starrocks
