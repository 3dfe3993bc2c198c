#include "tests/integration/protocol/protocol_fixture.hpp"

#include "core/base/log.hpp"

namespace loadstar::starrocks {
namespace {

boost::asio::awaitable<bool> stop(http::Pool& pool) {
  co_await pool.stop();
  co_return true;
}

}  // namespace

emulator::Options ProtocolTest::default_cluster() {
  emulator::Options result;
  result.backends = 1;
  result.init_sql =
      "CREATE DATABASE db; CREATE TABLE db.t (id INT NOT NULL, name VARCHAR(10), score INT) "
      "DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);";
  return result;
}

ProtocolTest::~ProtocolTest() { stop_client(); }

void ProtocolTest::stop_client() {
  client_.reset();
  if (pool_) run(stop(*pool_));
  pool_.reset();
}

void ProtocolTest::start() {
  stop_client();
  cluster_.emplace(cluster_options);
  cluster_->start();
  options.load_urls = {{false, "127.0.0.1", cluster_->fe_port()}};
  if (cluster_options.follower) {
    options.load_urls.push_back({false, "127.0.0.1", cluster_->follower_port()});
  }
  options.user = "root";
  if (!options.password) options.password = [] { return Secret(""); };
  auto pool = http::Pool::create(io_.get_executor(), pool_options);
  ASSERT_TRUE(pool.has_value()) << describe(pool.error());
  pool_ = std::move(*pool);
  make_client();
}

void ProtocolTest::make_client() { client_.emplace(options, *pool_, metrics_, Logger(), 0); }

LoadRequest ProtocolTest::csv(std::string label, std::string body) {
  LoadRequest request;
  request.table = TableName{"db", "t"};
  request.label = std::move(label);
  request.properties = {{"format", "csv"}, {"column_separator", ","}};
  request.body.append(Slice::from_string(std::move(body)));
  return request;
}

std::int64_t ProtocolTest::open(const std::string& label, std::string body) {
  const auto begun = run(client_->begin(table, label, timeout, later()));
  EXPECT_TRUE(begun.has_value()) << describe(begun.error());
  if (!begun) return -1;
  LoadRequest load = csv(label, std::move(body));
  load.transaction_id = *begun;
  const auto loaded = run(client_->load(std::move(load), later()));
  EXPECT_TRUE(loaded.has_value()) << describe(loaded.error());
  return *begun;
}

void ProtocolTest::prepare(const std::string& label, std::string body) {
  open(label, std::move(body));
  const LoadOutcome prepared = run(client_->prepare(table, label, timeout, later()));
  EXPECT_EQ(prepared.verdict, LoadVerdict::kDone) << describe(prepared.error);
}

std::string ProtocolTest::rows() {
  const auto result = cluster_->query("SELECT COUNT(*) FROM db.t");
  return result.rows.at(0).at(0).value_or("NULL");
}

void ProtocolTest::fault(std::string operation, emulator::FaultPhase phase,
                         emulator::FaultAction action, std::string text, std::int64_t times) {
  emulator::FaultRule rule;
  rule.operation = std::move(operation);
  rule.phase = phase;
  rule.action = action;
  rule.text = std::move(text);
  rule.times = times;
  cluster_->add_fault(std::move(rule));
}

}  // namespace loadstar::starrocks
