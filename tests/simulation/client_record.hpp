#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace loadstar::simulation {

/// What an exactly-once client keeps durably, in one record (ingest-api.md 3.11).
struct ClientRecord {
  std::uint64_t epoch = 0;
  std::string token;
  std::size_t position = 0;   ///< of the source: the first row that the token does not cover
  std::uint64_t version = 0;  ///< of the store; for compare-and-set
};

/// The durable store of one writer's record. It outlives every client and knows only
/// compare-and-set.
class ClientRecordStore {
 public:
  [[nodiscard]] const ClientRecord& load() const { return record_; }

  /// Saves `record`, which was made from the version it carries. nullopt: somebody else saved
  /// meanwhile. `blind`: without comparing (a mistake that the simulation must notice).
  [[nodiscard]] std::optional<ClientRecord> save(ClientRecord record, bool blind) {
    if (!blind && record.version != record_.version) return std::nullopt;
    record.version = record_.version + 1;
    record_ = std::move(record);
    return record_;
  }

 private:
  ClientRecord record_;
};

}  // namespace loadstar::simulation
