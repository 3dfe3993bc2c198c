#include "tests/emulator/server/access.hpp"

#include "tests/emulator/server/json.hpp"
#include "tests/emulator/server/text.hpp"

namespace emulator {
inline namespace server {
namespace {

std::optional<Credentials> decode(std::string_view base64) {
  const auto text = base64_decode(base64);
  if (!text) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

bool covers(const std::string& pattern, const std::string& name) {
  return pattern == "*" || pattern == name;
}

}  // namespace

std::optional<Credentials> Access::parse_frontend(const Request& request) {
  const auto parts = split(request.header("authorization"), ' ');
  if (parts.size() != 2) return std::nullopt;
  auto credentials = decode(parts[1]);
  if (!credentials) return std::nullopt;
  const auto user = split(credentials->user, '@');
  if (user.size() == 2) credentials->user = user[0];
  return credentials;
}

std::optional<Credentials> Access::parse_backend(const Request& request) {
  const std::string value = request.header("authorization");
  if (!value.starts_with("Basic ")) return std::nullopt;
  auto credentials = decode(std::string_view(value).substr(6));
  if (credentials) credentials->user = credentials->user.substr(0, credentials->user.find('@'));
  return credentials;
}

const User* Access::find(const std::string& user) const {
  for (const User& known : users_) {
    if (known.name == user) return &known;
  }
  return nullptr;
}

bool Access::authenticate(const Credentials& credentials) const {
  const User* const user = find(credentials.user);
  return user != nullptr && user->password == credentials.password;
}

bool Access::granted(const std::string& user, const std::string& database, const std::string& table,
                     bool Grant::*privilege) const {
  const User* const known = find(user);
  if (known == nullptr) return false;
  for (const Grant& grant : known->grants) {
    if (grant.*privilege && covers(grant.database, database) && covers(grant.table, table))
      return true;
  }
  return false;
}

bool Access::may_insert(const std::string& user, const std::string& database,
                        const std::string& table) const {
  return granted(user, database, table, &Grant::insert);
}

bool Access::may_select(const std::string& user, const std::string& database,
                        const std::string& table) const {
  return granted(user, database, table, &Grant::select);
}

bool Access::may_operate(const std::string& user) const {
  const User* const known = find(user);
  if (known == nullptr) return false;
  for (const Grant& grant : known->grants) {
    if (grant.database == "*" && grant.table == "*" && grant.insert && grant.select) return true;
  }
  return false;
}

Response unauthorized(const std::string& message) {
  Response response;
  response.status = 401;
  response.headers = {{"www-authenticate", "Basic realm=\"\""}, {"content-type", "text/html"}};
  response.body = fe_compact_json(
      {{"status", "FAILED"}, {"code", "1"}, {"msg", message}, {"message", message}});
  return response;
}

std::string privilege_message(const std::string& user) {
  return "Access denied for user '" + user +
         "'@'%'. Please ask the admin to grant permission(s) or try activating existing roles "
         "using "
         "<set [default] role>. Current role(s): NONE. Inactivated role(s): NONE.";
}

}  // namespace server
}  // namespace emulator
