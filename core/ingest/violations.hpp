#pragma once

#include "core/base/reason.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::ingest {

/// Path of the batch with number `sequence` in a Refusal: `batch[sequence=17]`, or `batch` if it
/// has none (ingest-api.md 3.1).
[[nodiscard]] std::string batch_path(std::uint64_t sequence);

/// A name or a short text of the client, made safe for messages: in single quotes, control bytes
/// and invalid UTF-8 replaced, cut after 64 bytes. Never used for values of rows.
[[nodiscard]] std::string quote_name(std::string_view name);

/// Collects what is wrong with one batch: ten violations at most (ingest-api.md 3.1).
class Violations {
 public:
  static constexpr std::size_t kMax = 10;

  /// `path` is the batch's; see batch_path().
  explicit Violations(std::string path) : path_(std::move(path)) {}

  /// `member` is appended to the batch's path after a dot; empty names the batch itself.
  void add(std::string_view member, std::string description);

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] bool full() const { return list_.size() == kMax; }

  /// The refusal for `reason`, which is one with a path. Only if not empty().
  [[nodiscard]] Refusal refusal(Reason reason = Reason::kBadRequest) const;

 private:
  std::string path_;
  std::vector<FieldViolation> list_;
};

/// A refusal that says one thing about one member of the batch called `path`.
[[nodiscard]] Refusal refuse(Reason reason, const std::string& path, std::string_view member,
                             std::string description);

}  // namespace loadstar::ingest
