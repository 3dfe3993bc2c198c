#pragma once

#include "tests/emulator/server/http.hpp"
#include "tests/emulator/server/options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace emulator {
inline namespace server {

struct Credentials {
  std::string user;
  std::string password;
};

/// Users, passwords and privileges (1.1, 1.2). Confined to the emulator's thread.
class Access {
 public:
  explicit Access(std::vector<User> users) : users_(std::move(users)) {}

  /// The FE's reading of `Authorization`: two parts, any scheme word (1.1).
  [[nodiscard]] static std::optional<Credentials> parse_frontend(const Request& request);
  /// The BE's: exactly "Basic ", case-sensitive.
  [[nodiscard]] static std::optional<Credentials> parse_backend(const Request& request);

  [[nodiscard]] bool authenticate(const Credentials& credentials) const;
  [[nodiscard]] bool may_insert(const std::string& user, const std::string& database,
                                const std::string& table) const;
  [[nodiscard]] bool may_select(const std::string& user, const std::string& database,
                                const std::string& table) const;
  /// SHOW FRONTENDS / BACKENDS / COMPUTE NODES: users with every table only.
  [[nodiscard]] bool may_operate(const std::string& user) const;
  void set_users(std::vector<User> users) { users_ = std::move(users); }

 private:
  [[nodiscard]] const User* find(const std::string& user) const;
  [[nodiscard]] bool granted(const std::string& user, const std::string& database,
                             const std::string& table, bool Grant::*privilege) const;

  std::vector<User> users_;
};

/// The FE's 401 (1.2): JSON labelled as HTML.
[[nodiscard]] Response unauthorized(const std::string& message);
/// `<m>` of a missing privilege on `_stream_load` and `_schema`.
[[nodiscard]] std::string privilege_message(const std::string& user);

}  // namespace server
}  // namespace emulator
