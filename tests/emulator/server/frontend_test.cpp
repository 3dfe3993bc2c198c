#include "tests/emulator/server/cluster_fixture.hpp"
#include "tests/emulator/server/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

// What the frontend answers by itself and no vector spells out: routing memory, publish waits,
// schema, SQL, versions.

namespace emulator::testing {
namespace {

Reply sql(TestCluster& cluster, const std::string& query, const std::string& database = "",
          const std::string& authorization = kRoot) {
  RequestText request;
  request.method = "POST";
  request.target = database.empty()
                       ? "/api/v1/catalogs/default_catalog/sql"
                       : "/api/v1/catalogs/default_catalog/databases/" + database + "/sql";
  request.headers = {{"Authorization", authorization}, {"Content-Type", "application/json"}};
  const Json body = {{"query", query}};
  request.body = body.dump() + " ";
  return *exchange(cluster->fe_port(), request);
}

std::vector<Json> lines(const Reply& reply) {
  std::vector<Json> parsed;
  for (const std::string& line : split(reply.body, '\n')) {
    if (!line.empty()) parsed.push_back(Json::parse(line));
  }
  return parsed;
}

TEST(Frontend, CommitNamesThePublishTimeout) {
  TestCluster cluster(vector_options());
  cluster->set_config("publish_delay_ms", "100000000");
  cluster->set_next_transaction_id(77);
  cluster.prepare_transaction("x");
  const Reply reply = cluster.at_frontend("commit", "x", {{"timeout", "0"}});
  EXPECT_EQ(status_of(reply), "FAILED");
  EXPECT_EQ(message_of(reply),
            "class com.starrocks.common.StarRocksException: publish timeout: 0, transactionId=77");
  EXPECT_NE(reply.body.find("transactionId\\u003d77"), std::string::npos) << reply.body;
}

TEST(Frontend, UnknownAndDecidedLabels) {
  TestCluster cluster(vector_options());
  EXPECT_NE(message_of(cluster.at_frontend("commit", "x")).find("No transaction found by label x"),
            std::string::npos);
  EXPECT_NE(
      message_of(cluster.at_frontend("rollback", "x")).find("No transaction found by label x"),
      std::string::npos);
  cluster.open_transaction("x");
  cluster.at_backend("rollback", "x");
  EXPECT_NE(
      message_of(cluster.at_frontend("commit", "x")).find("Can not commit ABORTED transaction"),
      std::string::npos);
}

TEST(Frontend, BadTimeoutIsAJavaException) {
  TestCluster cluster(vector_options());
  EXPECT_EQ(message_of(cluster.at_frontend("begin", "x", {{"timeout", "soon"}})),
            "class java.lang.NumberFormatException: For input string: \"soon\"");
}

TEST(Frontend, RememberedNodeIsFoundAgainFromTheTransaction) {
  Options options = vector_options();
  options.version = "3.5.3";
  options.backends = 2;
  TestCluster cluster(std::move(options));
  cluster.open_transaction("x", "", 1);
  const Reply redirect = cluster.at_frontend("prepare", "x");
  EXPECT_EQ(redirect.header("location"), cluster->be_url(1) + "/api/transaction/prepare");
}

TEST(Frontend, NoBackendAlive) {
  TestCluster cluster(vector_options());
  cluster->set_backend_alive(0, false);
  EXPECT_EQ(message_of(cluster.at_frontend("begin", "x")),
            "class com.starrocks.common.DdlException: No backend alive.");
}

TEST(Frontend, CancelInBothPathForms) {
  TestCluster cluster(vector_options());
  cluster.open_transaction("a", "");
  cluster.open_transaction("b", "");
  for (const char* path : {"/api/test_db/table1/_cancel?label=a", "/api/test_db/b/_cancel"}) {
    RequestText request;
    request.method = "POST";
    request.target = path;
    request.headers = {{"Authorization", kRoot}};
    EXPECT_EQ(status_of(*exchange(cluster->fe_port(), request)), "OK") << path;
  }
  EXPECT_EQ(cluster->label_state("test_db", "a"), "ABORTED");
  EXPECT_EQ(cluster->label_state("test_db", "b"), "ABORTED");
}

TEST(Frontend, SlashAtTheEndOfThePath) {
  TestCluster cluster(vector_options());
  EXPECT_EQ(cluster.get(cluster->fe_port(), "/api/health/").status, 200);
  EXPECT_EQ(cluster.get(cluster->be_port(0), "/api/health/").status, 200);
  EXPECT_EQ(cluster.get(cluster->fe_port(), "/").status, 404);
}

TEST(Frontend, HealthWhileStopping) {
  TestCluster cluster(vector_options());
  cluster->set_frontends_stopping(true);
  const Reply reply = cluster.get(cluster->fe_port(), "/api/health");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "");
}

TEST(Frontend, SchemaV2) {
  TestCluster cluster(vector_options());
  const Reply reply = cluster.get(
      cluster->fe_port(), "/api/v2/catalogs/default_catalog/databases/test_db/tables/pk/schema");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json result = json_of(reply).at("result");
  EXPECT_EQ(result.at("keysType"), "PRIMARY_KEYS");
  EXPECT_EQ(result.at("columns").size(), 3U);
  EXPECT_EQ(result.at("columns")[0].at("isKey"), true);
  EXPECT_EQ(result.at("columns")[0].at("isAllowNull"), false);
  EXPECT_EQ(result.at("columns")[1].at("type").at("name"), "VARCHAR");
}

TEST(Frontend, SqlOverHttp) {
  TestCluster cluster(vector_options());
  cluster.stream_load("x", "1,a,2\n2,b,\\N\n");
  const auto parsed =
      lines(sql(cluster, "SELECT id, name, score FROM table1 ORDER BY id;", "test_db"));
  ASSERT_EQ(parsed.size(), 5U);
  EXPECT_TRUE(parsed[0].contains("connectionId"));
  EXPECT_EQ(parsed[1].at("meta")[0].at("name"), "id");
  EXPECT_EQ(parsed[2].at("data"), Json::parse(R"([1, "a", 2])"));
  EXPECT_EQ(parsed[3].at("data"), Json::parse(R"([2, "b", null])"));
  EXPECT_TRUE(parsed[4].contains("statistics"));
}

TEST(Frontend, SqlAboutTheCluster) {
  TestCluster cluster(vector_options());
  EXPECT_EQ(lines(sql(cluster, "select current_version() as ver;"))[1].at("meta")[0].at("name"),
            "ver");
  EXPECT_EQ(
      lines(sql(cluster, "SELECT current_version()"))[2].at("data")[0].get<std::string>().substr(0,
                                                                                                 5),
      "3.5.0");
  const auto backends = lines(sql(cluster, "show backends;"));
  std::size_t http_port = 0;
  while (backends[1].at("meta")[http_port].at("name") != "HttpPort") ++http_port;
  EXPECT_EQ(backends[2].at("data")[http_port], std::to_string(cluster->be_port(0)));
  EXPECT_EQ(lines(sql(cluster, "SHOW COMPUTE NODES")).size(), 3U);
  cluster->set_config("label_keep_max_num", "7");
  const auto config = lines(sql(cluster, "ADMIN SHOW FRONTEND CONFIG LIKE 'label_keep_max_n%';"));
  ASSERT_EQ(config.size(), 4U);
  EXPECT_EQ(config[2].at("data")[0], "label_keep_max_num");
  EXPECT_EQ(config[2].at("data")[2], "7");
}

TEST(Frontend, SqlRefusals) {
  TestCluster cluster(vector_options());
  EXPECT_GE(sql(cluster, "DROP TABLE table1", "test_db").status, 400);
  EXPECT_GE(sql(cluster, "SELECT * FROM nothing", "test_db").status, 400);
  EXPECT_EQ(status_of(sql(cluster, "SELECT * FROM nothing", "test_db")), "FAILED");
  cluster->set_users({{"root", "", {Grant{}}}, {"u1", "", {Grant{"test_db", "*"}}}});
  EXPECT_GE(sql(cluster, "SHOW BACKENDS", "", "Basic dTE6").status, 400);
  EXPECT_GE(sql(cluster, "ADMIN SHOW FRONTEND CONFIG", "", "Basic dTE6").status, 400);
  EXPECT_GE(sql(cluster, "ADMIN SET FRONTEND CONFIG (\"a\" = \"1\")").status, 400);
}

TEST(Frontend, OldReleasesAnswerAsTheyDid) {
  Options options = vector_options();
  options.version = "3.1.0";
  TestCluster cluster(std::move(options));
  cluster.open_transaction("x");
  const Reply state = cluster.get(cluster->fe_port(), "/api/test_db/get_load_state?label=x");
  EXPECT_EQ(state.header("content-type"), "text/html");
  EXPECT_EQ(json_of(state), Json::parse(R"({"state":"PREPARE","status":"OK","msg":"Success"})"));
  EXPECT_EQ(cluster.get(cluster->fe_port(), "/api/v2/feature").status, 404);
  const Reply unknown = cluster.at_frontend("load", "y");
  EXPECT_EQ(
      message_of(unknown),
      "class com.starrocks.common.UserException: Transaction with op[load] and label[y] has no "
      "backend.");
}

TEST(Frontend, UnknownPathWithoutCredentials) {
  TestCluster cluster(vector_options());
  RequestText request;
  request.method = "GET";
  request.target = "/api/nothing/here";
  const Reply reply = *exchange(cluster->fe_port(), request);
  EXPECT_EQ(reply.status, 401);
  EXPECT_TRUE(reply.body.starts_with("Authentication Failed. <br/> "));
}

}  // namespace
}  // namespace emulator::testing
