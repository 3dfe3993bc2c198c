#include "tests/emulator/server/cluster_fixture.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace emulator::testing {
namespace {

Reply must(std::optional<Reply> reply) {
  if (!reply) throw std::runtime_error("no answer");
  return std::move(*reply);
}

RequestText transaction_request(const std::string& operation, const std::string& label,
                                HeaderList more, const std::string& body) {
  RequestText request;
  request.method = operation == "load" ? "PUT" : "POST";
  request.target = "/api/transaction/" + operation;
  request.headers = {{"Host", "starrocks"}, {"Authorization", kRoot}, {"label", label}};
  bool has_db = false;
  bool has_table = false;
  for (const auto& [name, value] : more) {
    has_db = has_db || name == "db";
    has_table = has_table || name == "table";
  }
  if (!has_db) request.headers.emplace_back("db", "test_db");
  if (!has_table) request.headers.emplace_back("table", "table1");
  for (auto& header : more) request.headers.push_back(std::move(header));
  request.body = body;
  return request;
}

}  // namespace

std::string vector_ddl() {
  return "CREATE DATABASE test_db;"
         "CREATE TABLE test_db.table1 (id INT NOT NULL, name VARCHAR(10), score INT)"
         " DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);"
         "CREATE TABLE test_db.pk (id INT NOT NULL, name VARCHAR(10), score INT)"
         " PRIMARY KEY(id) DISTRIBUTED BY HASH(id);"
         "CREATE TABLE test_db.single (id INT NOT NULL)"
         " DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);";
}

Options vector_options() {
  Options options;
  options.backends = 1;
  options.init_sql = vector_ddl();
  return options;
}

TestCluster::TestCluster(Options options) : emulator_(std::move(options)) { emulator_.start(); }

Reply TestCluster::at_backend(const std::string& operation, const std::string& label,
                              HeaderList more, const std::string& body, std::size_t backend) {
  return must(exchange(emulator_.be_port(backend),
                       transaction_request(operation, label, std::move(more), body)));
}

Reply TestCluster::at_frontend(const std::string& operation, const std::string& label,
                               HeaderList more) {
  return must(
      exchange(emulator_.fe_port(), transaction_request(operation, label, std::move(more), "")));
}

Reply TestCluster::stream_load(const std::string& label, const std::string& body, HeaderList more,
                               std::size_t backend) {
  RequestText request;
  request.method = "PUT";
  request.target = "/api/test_db/table1/_stream_load";
  request.headers = {{"Host", "starrocks"},
                     {"Authorization", kRoot},
                     {"Expect", "100-continue"},
                     {"label", label},
                     {"column_separator", ","}};
  for (auto& header : more) request.headers.push_back(std::move(header));
  request.body = body;
  return must(exchange(emulator_.be_port(backend), std::move(request)));
}

Reply TestCluster::get(std::uint16_t port, const std::string& target) {
  RequestText request;
  request.method = "GET";
  request.target = target;
  request.headers = {{"Host", "starrocks"}, {"Authorization", kRoot}};
  return must(exchange(port, std::move(request)));
}

void TestCluster::open_transaction(const std::string& label, const std::string& body,
                                   std::size_t backend) {
  const Reply begun = at_backend("begin", label, {}, "", backend);
  if (status_of(begun) != "OK") throw std::runtime_error("begin: " + begun.body);
  if (body.empty()) return;
  const Reply loaded = at_backend("load", label, {{"column_separator", ","}}, body, backend);
  if (status_of(loaded) != "OK") throw std::runtime_error("load: " + loaded.body);
}

void TestCluster::prepare_transaction(const std::string& label) {
  open_transaction(label);
  const Reply prepared = at_backend("prepare", label);
  if (status_of(prepared) != "OK") throw std::runtime_error("prepare: " + prepared.body);
}

void TestCluster::await(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("it never happened");
    std::this_thread::yield();
  }
}

void TestCluster::await_state(const std::string& label, const std::string& state) {
  await([this, &label, &state] { return emulator_.label_state("test_db", label) == state; });
}

std::string TestCluster::count_rows(const std::string& table) {
  const QueryResult result = emulator_.query("SELECT COUNT(*) FROM " + table, "test_db");
  return result.rows.at(0).at(0).value_or("NULL");
}

Json json_of(const Reply& reply) { return Json::parse(reply.body); }

std::string status_of(const Reply& reply) {
  const Json json = json_of(reply);
  return json.contains("Status") ? json["Status"] : json["status"];
}

std::string message_of(const Reply& reply) {
  const Json json = json_of(reply);
  return json.contains("Message") ? json["Message"] : json["message"];
}

}  // namespace emulator::testing
