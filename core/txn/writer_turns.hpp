#pragma once

#include "core/base/clock.hpp"
#include "core/base/signal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <map>
#include <set>
#include <string>

namespace loadstar::txn {

namespace asio = boost::asio;

/// Commits and rollbacks of a writer, one at a time, so that no label has two requests under way
/// (R8). Who has the turn can see who waits, and give it up in between.
///
/// Confined to: `strand`. Outlives its waiters.
class WriterTurns {
 public:
  enum class Kind { kCommit, kRollBack };

  explicit WriterTurns(const asio::any_io_executor& strand) : freed_(strand) {}

  /// Waits for the turn; give_back() has to follow. False at `deadline` or after stop().
  asio::awaitable<bool> take(std::string writer, Kind kind, Deadline deadline);
  void give_back(const std::string& writer);

  /// Whether somebody waits for the writer's turn.
  [[nodiscard]] bool is_wanted(const std::string& writer) const {
    return waiting_.contains(writer);
  }
  /// The same, to roll back.
  [[nodiscard]] bool is_wanted_to_roll_back(const std::string& writer) const;

  /// Who waits gives up, and so does who comes.
  void stop();

 private:
  std::set<std::string> busy_;
  std::multimap<std::string, Kind> waiting_;  // by writer
  bool stopped_ = false;
  Signal freed_;
};

}  // namespace loadstar::txn
