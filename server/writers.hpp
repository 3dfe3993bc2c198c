#pragma once

#include "core/base/clock.hpp"
#include "core/base/reason.hpp"
#include "core/base/table_schema.hpp"
#include "core/txn/api.hpp"
#include "core/txn/write_stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace loadstar::server {

namespace asio = boost::asio;

/// What the services need of core: txn::WriterRegistry in the daemon (RegistryWriters), a scripted
/// one in tests. Meaning, errors and threads as documented there.
class Writers {
 public:
  Writers() = default;
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;
  virtual ~Writers() = default;

  virtual asio::awaitable<Answer<std::shared_ptr<txn::WriteStream>>> open(
      txn::OpenRequest request) = 0;
  virtual asio::awaitable<Answer<txn::CheckpointOutcome>> checkpoint(txn::CheckpointRequest request,
                                                                     Deadline deadline) = 0;
  virtual asio::awaitable<Answer<txn::CommitOutcome>> commit(txn::CommitRequest request,
                                                             Deadline deadline) = 0;
  virtual asio::awaitable<Answer<txn::AbortOutcome>> abort(txn::AbortRequest request,
                                                           Deadline deadline) = 0;
  virtual asio::awaitable<Answer<TableSchema>> describe_table(std::string database,
                                                              std::string table,
                                                              Deadline deadline) = 0;
  virtual asio::awaitable<txn::StatusReport> status(std::string prefix) = 0;
};

}  // namespace loadstar::server
