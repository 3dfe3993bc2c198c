#include "core/http/message.hpp"

#include "core/http/request_head.hpp"

#include <gtest/gtest.h>

namespace loadstar::http {
namespace {

Request valid_request() {
  Request request;
  request.method = "PUT";
  request.target = "/api/db/t/_stream_load";
  request.fields = {{"label", "ls-1"}, {"columns", "a, b"}};
  request.body.append(Slice::from_static("1,2\n"));
  request.framing = Framing::kContentLength;
  request.expect_continue = true;
  return request;
}

std::size_t count_lines(const std::string& head) {
  std::size_t lines = 0;
  for (std::size_t at = head.find("\r\n"); at != std::string::npos;
       at = head.find("\r\n", at + 2)) {
    ++lines;
  }
  return lines;
}

TEST(MessageTest, AFieldIsFoundInAnyCase) {
  Response response;
  response.fields = {{"Location", "first"}, {"location", "second"}};
  EXPECT_EQ(response.field("LOCATION"), "first");
  EXPECT_EQ(response.field("Locatio"), std::nullopt);
}

TEST(MessageTest, AnEndpointIsPrintedAsTheStartOfAUrl) {
  EXPECT_EQ(to_string(Endpoint{false, "fe", 8030}), "http://fe:8030");
  EXPECT_EQ(to_string(Endpoint{true, "2001:db8::1", 443}), "https://[2001:db8::1]:443");
}

// T01: whatever byte a name, a value or the target holds, either it is refused, or the head has
// exactly the lines it should have.
TEST(MessageTest, NoByteInAnyPlaceAddsALine) {
  const Endpoint endpoint{false, "h", 80};
  const std::size_t lines = count_lines(request_head(endpoint, valid_request()));
  const auto judge = [&](const Request& request, int byte, const char* place, bool may_pass) {
    const auto checked = check(request);
    EXPECT_EQ(checked.has_value(), may_pass) << place << " byte " << byte;
    if (checked.has_value()) {
      EXPECT_EQ(count_lines(request_head(endpoint, request)), lines) << place << " byte " << byte;
    } else {
      EXPECT_EQ(checked.error().code, Errc::kInvalidRequest);
      EXPECT_EQ(checked.error().certainty, Certainty::kNotApplied);
      for (const char c : checked.error().detail) EXPECT_GE(c, ' ') << place << " byte " << byte;
    }
  };
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool alphanumeric = byte < 128 && std::isalnum(byte) != 0;
    const bool token = alphanumeric || kTokenMarks.find(c) != std::string_view::npos;
    const bool control = byte < 0x20 || byte == 0x7F;
    for (const std::size_t position : {0U, 1U, 2U}) {
      Request request = valid_request();
      request.fields[1].value = "ab";
      request.fields[1].value.insert(position, 1, c);
      judge(request, byte, "value", !control);
      request = valid_request();
      request.fields[1].name = "xy";
      request.fields[1].name.insert(position, 1, c);
      judge(request, byte, "name", token);
      request = valid_request();
      request.method = "XY";
      request.method.insert(position, 1, c);
      judge(request, byte, "method", token);
      request = valid_request();
      request.target = "/ab";
      request.target.insert(position + 1, 1, c);
      judge(request, byte, "target", byte > 0x20 && byte < 0x7F);
    }
  }
}

TEST(MessageTest, FieldsOfTheConnectionAreRefusedInAnyCase) {
  for (const char* name : {"Host", "host", "CONTENT-LENGTH", "Transfer-Encoding", "expect",
                           "Connection", "Accept-Encoding", "TE", "Upgrade", "Trailer"}) {
    Request request = valid_request();
    request.fields.push_back(Field{name, "1"});
    const auto checked = check(request);
    ASSERT_FALSE(checked.has_value()) << name;
    EXPECT_NE(checked.error().detail.find(name), std::string::npos);
  }
}

TEST(MessageTest, AValueIsNeverRepeatedInTheError) {
  Request request = valid_request();
  request.fields.push_back(Field{"Authorization", "secret\n"});
  const auto checked = check(request);
  ASSERT_FALSE(checked.has_value());
  EXPECT_NE(checked.error().detail.find("Authorization"), std::string::npos);
  EXPECT_EQ(checked.error().detail.find("secret"), std::string::npos);
}

TEST(MessageTest, SizesAreBounded) {
  Request request = valid_request();
  request.fields = {{"a", std::string(8192, 'x')}};
  EXPECT_TRUE(check(request).has_value());
  request.fields = {{"a", std::string(8193, 'x')}};
  EXPECT_FALSE(check(request).has_value());
  const Field big{"a", std::string(8187, 'x')};  // with name and separators 8192
  request.fields = {big, big, big};
  EXPECT_TRUE(check(request).has_value());
  request.fields.push_back(Field{"b", ""});
  EXPECT_FALSE(check(request).has_value());
  request = valid_request();
  request.target = "/" + std::string(8192, 'x');
  EXPECT_FALSE(check(request).has_value());
}

// F089
TEST(MessageTest, BodyAndFramingMustAgree) {
  Request request = valid_request();
  request.compression = Compression::kZstd;
  EXPECT_EQ(check(request).error().code, Errc::kInvalidRequest) << "its length is not known";
  request.framing = Framing::kChunked;
  EXPECT_TRUE(check(request).has_value());
  request.compression = Compression::kNone;
  request.framing = Framing::kNone;
  request.expect_continue = false;
  EXPECT_FALSE(check(request).has_value());  // a body nobody would see the end of
  request.body = SliceList();
  EXPECT_TRUE(check(request).has_value());
  request.expect_continue = true;
  EXPECT_FALSE(check(request).has_value());
  request = valid_request();
  request.target = "no-slash";
  EXPECT_FALSE(check(request).has_value());
}

}  // namespace
}  // namespace loadstar::http
