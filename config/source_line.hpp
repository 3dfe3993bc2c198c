#pragma once

#include "config/document.hpp"
#include "config/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace loadstar::config {

/// The lines of a configuration file as they may be shown to people: without secrets.
///
/// Cut out are: what follows a key that looks like the key of a secret (`password`, `pasword`,
/// `token`,
/// ...), also on the lines nested below it; user information in URLs; and every text in `secrets`.
class SourceLines {
 public:
  SourceLines(std::string_view text, std::vector<std::string> secrets);

  /// The line at `mark`; empty if there is none. With `key_only` the value behind the key at the
  /// mark's column is cut out too: for keys that nobody knows the meaning of. A long
  /// line is shortened(): it would bury what is said about it.
  [[nodiscard]] std::string show(Mark mark, bool key_only) const;

  /// `text` with every text of `secrets` cut out: what a message quotes may be one of them.
  [[nodiscard]] std::string without_secrets(std::string text) const;

 private:
  [[nodiscard]] bool is_below_secret(std::size_t index) const;

  std::vector<std::string> lines_;
  std::vector<std::string> secrets_;
};

/// The texts of scalars under keys that look like keys of secrets, as written and as interpolated.
[[nodiscard]] std::vector<std::string> find_secrets(const Node& document);

}  // namespace loadstar::config
