#include "core/starrocks/cluster_nodes.hpp"

#include <gtest/gtest.h>

namespace loadstar::starrocks {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ClusterNodesTest, ReadsHostAndHttpPortByColumnName) {
  const SqlResult backends{
      {"BackendId", "IP", "HeartbeatPort", "HttpPort"},
      {{"1", "BE1.example.com", "9050", "8040"}, {"2", "10.0.0.2", "9050", "8041"}}};
  EXPECT_EQ(nodes_of(backends, false), (std::vector<ClusterNode>{{"be1.example.com", 8040, false},
                                                                 {"10.0.0.2", 8041, false}}));
  const SqlResult frontends{{"Name", "host", "httpport"}, {{"fe1", "fd00::1", "8030"}}};
  EXPECT_EQ(nodes_of(frontends, true), (std::vector<ClusterNode>{{"fd00::1", 8030, true}}));
}

TEST(ClusterNodesTest, LeavesOutRowsThatNameNoHost) {
  const SqlResult result{{"IP", "HttpPort"},
                         {{std::nullopt, "8040"},
                          {"be1", std::nullopt},
                          {"be1", "x"},
                          {"be1", "0"},
                          {"a/b", "8040"},
                          {"u@be1", "8040"},
                          {"", "8040"},
                          {"be1"},
                          {"be2", "8040"}}};
  EXPECT_EQ(nodes_of(result, false), (std::vector<ClusterNode>{{"be2", 8040, false}}));
  EXPECT_TRUE(nodes_of(SqlResult{{"Address", "Port"}, {{"be1", "8040"}}}, false).empty());
}

TEST(ClusterNodesTest, IsReadAtMostOnceASecondAndEveryTenAfterAFailure) {
  constexpr Clock::time_point kStart{std::chrono::hours(1)};
  ClusterNodes nodes;
  EXPECT_TRUE(nodes.may_read(kStart));
  nodes.on_read(std::vector<ClusterNode>{{"be1", 8040, false}}, kStart);
  EXPECT_FALSE(nodes.may_read(kStart + milliseconds(999)));
  EXPECT_TRUE(nodes.may_read(kStart + seconds(1)));
  nodes.on_read(std::nullopt, kStart + seconds(1));
  EXPECT_EQ(nodes.list().size(), 1U) << "a failed read forgets nothing";
  EXPECT_FALSE(nodes.may_read(kStart + seconds(10)));
  EXPECT_TRUE(nodes.may_read(kStart + seconds(11)));
  nodes.on_read(std::vector<ClusterNode>{}, kStart + seconds(11));
  EXPECT_TRUE(nodes.list().empty());
}

}  // namespace
}  // namespace loadstar::starrocks
