#include "tests/simulation/simulated_starrocks.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

// What the simulated StarRocks says besides the outcomes of its TransactionModel.

namespace loadstar::simulation {

using http::Response;

Response SimulatedStarrocks::answer_other(const Arrived& arrived) {
  const std::string& target = arrived.request.target;
  if (target.find("/api/v2/feature") != std::string::npos) {
    return json(R"({"version":"3.5.0","features":[],"status":"OK"})");
  }
  if (target.find("/schema") != std::string::npos) {
    return json(
        R"({"code":"0","message":"OK","result":{"keysType":"DUP_KEYS","columns":[{"name":"line","type":{"name":"VARCHAR","columnSize":65533},"isKey":true,"isAllowNull":true}]}})");
  }
  Response missing;
  missing.status = 404;
  missing.body = "<html>this is 404 page.</html>";
  return missing;
}

/// Answers that say no before anything was done, or, with "too many versions", after the load
/// failed.
Response SimulatedStarrocks::refuse_load(const Arrived& arrived, Fault fault) {
  const bool plain = arrived.operation == Operation::kStreamLoad;
  const auto answer = [&](std::string_view word, std::string_view text) {
    return plain ? json(fmt::format(R"({{"TxnId":-1,"Label":"{}","Status":"Fail","Message":"{}"}})",
                                    arrived.label, text))
                 : failure(word, text);
  };
  if (fault == Fault::kInProcessing) {
    return json(fmt::format(
        R"({{"Status":"TXN_IN_PROCESSING","Label":"{}","Message":"Transaction is in processing"}})",
        arrived.label));
  }
  if (fault == Fault::kLockTimeout) {
    return frontend_failure("get database write lock timeout, transactionId=7, database=1");
  }
  if (fault == Fault::kTooManyTransactions) {
    return answer("ANALYSIS_ERROR", "current running txns on db 1 is 1000, larger than limit 1000");
  }
  if (fault == Fault::kTooManyVersions) {
    constexpr std::string_view kText =
        "Failed to load data into tablet 7, because of too many versions, current/limit: "
        "1001/1000. You can reduce the loading job concurrency, or increase loading data batch "
        "size.";
    const auto id = model_.fail_load(arrived.label, std::string(kText));
    return plain ? json(fmt::format(R"({{"TxnId":{},"Label":"{}","Status":"Fail","Message":"{}"}})",
                                    id, arrived.label, kText))
                 : failure("INTERNAL_ERROR", kText);
  }
  if (fault == Fault::kUnauthorized) {
    Response refused;
    refused.status = 401;
    refused.body =
        R"({"status":"FAILED","code":"1","msg":"Access denied for u@1.2.3.4","message":"Access denied for u@1.2.3.4"})";
    return refused;
  }
  const bool question =
      arrived.operation == Operation::kQuery || arrived.operation == Operation::kCancel;
  if (question) return json(R"({"status":"FAILED","code":"1","msg":"busy","message":"busy"})");
  return answer("INTERNAL_ERROR", "some trouble");
}

}  // namespace loadstar::simulation
