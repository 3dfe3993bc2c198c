#pragma once

#include "core/txn/writer_registry.hpp"
#include "server/writers.hpp"

#include <utility>

namespace loadstar::server {

/// The services' view of the real registry. Thread-safe, as the registry is.
class RegistryWriters final : public Writers {
 public:
  explicit RegistryWriters(txn::WriterRegistry& registry) : registry_(registry) {}

  asio::awaitable<Answer<std::shared_ptr<txn::WriteStream>>> open(
      txn::OpenRequest request) override {
    return registry_.open(std::move(request));
  }
  asio::awaitable<Answer<txn::CheckpointOutcome>> checkpoint(txn::CheckpointRequest request,
                                                             Deadline deadline) override {
    return registry_.checkpoint(std::move(request), deadline);
  }
  asio::awaitable<Answer<txn::CommitOutcome>> commit(txn::CommitRequest request,
                                                     Deadline deadline) override {
    return registry_.commit(std::move(request), deadline);
  }
  asio::awaitable<Answer<txn::AbortOutcome>> abort(txn::AbortRequest request,
                                                   Deadline deadline) override {
    return registry_.abort(std::move(request), deadline);
  }
  asio::awaitable<Answer<TableSchema>> describe_table(std::string database, std::string table,
                                                      Deadline deadline) override {
    return registry_.describe_table(std::move(database), std::move(table), deadline);
  }
  asio::awaitable<txn::StatusReport> status(std::string prefix) override {
    return registry_.status(std::move(prefix));
  }

 private:
  txn::WriterRegistry& registry_;
};

}  // namespace loadstar::server
