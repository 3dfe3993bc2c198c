#pragma once

#include "config/problem.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::config {

struct NodeEntry;

/// A YAML value as the file has it: every scalar is text, and its place is known. Plain YAML only:
/// no anchors, aliases, tags, merge keys or further documents (delivery-and-faults.md 5.1), each
/// key once.
struct Node {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Mark mark;
  std::string text;                ///< of a scalar; after interpolate(): with the values put in
  std::string written;             ///< of a scalar: what the file says
  bool interpolated = false;       ///< `text` has come from outside the file and is never quoted
  bool broken = false;             ///< its problem is told already; there is no value to use
  std::vector<Node> items;         ///< of a list
  std::vector<NodeEntry> entries;  ///< of a map, in the order of the file
};

/// One key of a map with its value.
struct NodeEntry {
  std::string key;
  Mark mark;  ///< of the key
  Node value;
};

inline constexpr std::size_t kMaxFileBytes = 1U << 20U;
inline constexpr unsigned kMaxDepth = 32;

/// Reads one YAML document of at most kMaxFileBytes, nested at most kMaxDepth deep. What is refused
/// is added to `problems` (mark, key, message); all of it, except that reading ends at the first
/// place that is not YAML at all. Returns what could be read; `broken` = reading ended early, and
/// the last key of the top is left out.
[[nodiscard]] Node parse_document(std::string_view text, std::vector<Problem>& problems);

/// "a.b" from "a" and "b"; "b" if there is no parent.
[[nodiscard]] std::string join_key(std::string_view parent, std::string_view child);

}  // namespace loadstar::config
