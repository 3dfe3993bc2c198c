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

TEST(RequestHeadTest, ItHoldsWhatTheRequestSaysAndTheFraming) {
  EXPECT_EQ(request_head(Endpoint{false, "be", 8040}, valid_request()),
            "PUT /api/db/t/_stream_load HTTP/1.1\r\nHost: be:8040\r\nlabel: ls-1\r\n"
            "columns: a, b\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  Request post;
  post.method = "POST";
  post.target = "/";
  EXPECT_EQ(request_head(Endpoint{true, "::1", 443}, post),
            "POST / HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 0\r\n\r\n");
  post.framing = Framing::kChunked;
  EXPECT_EQ(request_head(Endpoint{false, "h", 80}, post),
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  Request get;
  get.method = "GET";
  get.target = "/x?y=z";
  EXPECT_EQ(request_head(Endpoint{false, "h", 81}, get),
            "GET /x?y=z HTTP/1.1\r\nHost: h:81\r\n\r\n");
}

// T13: a compressed reply would be refused, so none may be asked for.
TEST(RequestHeadTest, NothingInvitesACompressedReply) {
  const std::string head = request_head(Endpoint{false, "be", 8040}, valid_request());
  EXPECT_EQ(head.find("ncoding"), std::string::npos);
}

}  // namespace
}  // namespace loadstar::http
