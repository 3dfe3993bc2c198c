#include "tests/emulator/server/json.hpp"

#include <string_view>

namespace emulator {
inline namespace server {
namespace {

constexpr auto kReplace = Json::error_handler_t::replace;

/// The escaped characters can stand only inside strings of a JSON text, so a global replacement of
/// the rendered text is exact.
std::string html_safe(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '=':
        out += "\\u003d";
        break;
      case '\'':
        out += "\\u0027";
        break;
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string be_json(const Json& value) { return value.dump(4, ' ', false, kReplace) + "\n"; }

std::string fe_json(const Json& value) { return html_safe(value.dump(2, ' ', false, kReplace)); }

std::string fe_compact_json(const Json& value) {
  return html_safe(value.dump(-1, ' ', false, kReplace));
}

std::string plain_json(const Json& value) { return value.dump(-1, ' ', false, kReplace); }

}  // namespace server
}  // namespace emulator
