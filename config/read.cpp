#include "config/read.hpp"

#include "config/schema.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

namespace loadstar::config {
namespace {

constexpr std::string_view kDefaults = "defaults";
constexpr std::string_view kTables = "tables";

/// Names that may stand directly below `prefix`, in the order of the schema.
template <class Owner>
std::vector<std::string> children_of(const std::vector<Option<Owner>>& options,
                                     const std::string& prefix) {
  std::vector<std::string> names;
  for (const Option<Owner>& option : options) {
    const std::string& key = option.about.key;
    std::string_view rest = key;
    if (!prefix.empty()) {
      if (!key.starts_with(prefix + ".")) continue;
      rest.remove_prefix(prefix.size() + 1);
    }
    std::string name(rest.substr(0, rest.find('.')));
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  return names;
}

/// "a.b" has the last part "b".
std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

/// The full key of an option that is called `name` elsewhere, or that the Flink connector calls so.
template <class Owner>
std::optional<std::string> find_elsewhere(const std::vector<Option<Owner>>& options,
                                          std::string_view above, std::string_view name) {
  for (const Option<Owner>& option : options) {
    const std::string names = ", " + option.about.flink + ",";
    if (last_part(option.about.key) == name ||
        names.find(fmt::format(", {},", name)) != std::string::npos) {
      return join_key(above, option.about.key);
    }
  }
  return std::nullopt;
}

/// Walks the document and the schema side by side.
class Reader {
 public:
  Reader(Origins& origins, std::vector<Problem>& problems)
      : origins_(origins), problems_(problems) {}

  Options read(Node& document) {
    if (document.kind == Node::Kind::kScalar || document.kind == Node::Kind::kList) {
      document.broken = true;
      report(document.mark, {}, "the file must be a map; it begins with `version: 1`");
      return {};
    }
    walk(document, {}, {}, options_, daemon_options());
    // Tables start from the defaults, so these come first.
    const Node* defaults = find(document, kDefaults);
    if (defaults != nullptr) {
      read_table(*defaults, std::string(kDefaults), options_.core.defaults);
    }
    if (const Node* tables = find(document, kTables)) read_tables(*tables);
    return std::move(options_);
  }

 private:
  void report(Mark mark, const std::string& key, std::string message) {
    problems_.push_back({Severity::kError, {}, mark, key, std::move(message), {}});
    origins_.mark_broken(key);
  }

  static const Node* find(const Node& map, std::string_view key) {
    const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                    [key](const NodeEntry& entry) { return entry.key == key; });
    return found == map.entries.end() ? nullptr : &found->value;
  }

  /// One map of the file. `path` is its key, `prefix` the part of it that is below the owner.
  template <class Owner>
  void walk(const Node& map, const std::string& path, const std::string& prefix, Owner& owner,
            const std::vector<Option<Owner>>& options) {
    for (const NodeEntry& entry : map.entries) {
      const std::string full = join_key(path, entry.key);
      const std::string key = join_key(prefix, entry.key);
      if (full == kDefaults) {
        origins_.add(full, {entry.mark, false, false});
        continue;
      }
      const auto option =
          std::find_if(options.begin(), options.end(),
                       [&key](const Option<Owner>& each) { return each.about.key == key; });
      const bool section = !children_of(options, key).empty();
      if (entry.key.find('.') != std::string::npos || (option == options.end() && !section)) {
        const std::string above =
            prefix.empty() ? path : path.substr(0, path.size() - prefix.size() - 1);
        unknown(entry, full, above, children_of(options, prefix), option != options.end());
      } else if (section && option == options.end()) {
        read_section(entry, full, key, owner, options);
      } else {
        read_option(entry, full, *option, owner);
        if (section) read_split_map(entry.value, full, key, owner, options);
      }
    }
  }

  template <class Owner>
  void read_section(const NodeEntry& entry, const std::string& full, const std::string& key,
                    Owner& owner, const std::vector<Option<Owner>>& options) {
    origins_.add(full, {entry.mark, false, entry.value.broken});
    if (entry.value.broken || entry.value.kind == Node::Kind::kNull) return;
    if (entry.value.kind != Node::Kind::kMap) {
      report(entry.value.mark, full,
             fmt::format("must be a map with {}", fmt::join(children_of(options, key), ", ")));
      return;
    }
    walk(entry.value, full, key, owner, options);
  }

  template <class Owner>
  void read_option(const NodeEntry& entry, const std::string& full, const Option<Owner>& option,
                   Owner& owner) {
    const Node& value = entry.value;
    origins_.add(full, {value.kind == Node::Kind::kScalar ? value.mark : entry.mark,
                        value.interpolated, value.broken});
    if (option.about.shape == Shape::kMap) {
      for (const NodeEntry& below : value.entries) {
        origins_.add(join_key(full, below.key),
                     {below.value.mark, below.value.interpolated, below.value.broken});
      }
    }
    for (std::size_t index = 0; index < value.items.size(); ++index) {
      origins_.add(
          fmt::format("{}[{}]", full, index),
          {value.items[index].mark, value.items[index].interpolated, value.items[index].broken});
    }
    if (value.broken) return;
    option.store(owner, without_own_options(value, option),
                 [&](const Node& node, const std::string& message) {
                   report(node.mark, full + key_below(value, node), message);
                 });
  }

  /// `properties` is an option itself, and `properties.format` and `properties.columns` are options
  /// of their own: these are taken out of the map before it is stored.
  template <class Owner>
  static Node without_own_options(const Node& map, const Option<Owner>& option) {
    Node rest = map;
    std::erase_if(rest.entries, [&option](const NodeEntry& entry) {
      if constexpr (std::is_same_v<Owner, TableOptions>) {
        const auto& all = table_options();
        return std::any_of(all.begin(), all.end(), [&](const Option<TableOptions>& each) {
          return each.about.key == join_key(option.about.key, entry.key);
        });
      } else {
        return false;
      }
    });
    return rest;
  }

  /// Reads the entries of `map` that are options of their own; see without_own_options().
  template <class Owner>
  void read_split_map(const Node& map, const std::string& full, const std::string& key,
                      Owner& owner, const std::vector<Option<Owner>>& options) {
    for (const NodeEntry& entry : map.entries) {
      const auto option = std::find_if(options.begin(), options.end(), [&](const auto& each) {
        return each.about.key == join_key(key, entry.key);
      });
      if (option != options.end()) read_option(entry, join_key(full, entry.key), *option, owner);
    }
  }

  /// ".name" or "[2]" if `node` is an element of `whole`, found by its place; else nothing.
  static std::string key_below(const Node& whole, const Node& node) {
    for (const NodeEntry& entry : whole.entries) {
      if (entry.value.mark == node.mark) return "." + entry.key;
    }
    for (std::size_t index = 0; index < whole.items.size(); ++index) {
      if (whole.items[index].mark == node.mark) return fmt::format("[{}]", index);
    }
    return {};
  }

  void read_table(const Node& node, const std::string& path, TableOptions& table) {
    if (node.broken || node.kind == Node::Kind::kNull) return;
    if (node.kind != Node::Kind::kMap) {
      report(
          node.mark, path,
          fmt::format("must be a map with {}", fmt::join(children_of(table_options(), {}), ", ")));
      return;
    }
    walk(node, path, {}, table, table_options());
    // With the interval set, waiting that long was asked for (architecture.md 7, Ages).
    if (origins_.is_set(path + ".flush.interval") &&
        !origins_.is_set(path + ".flush.max_ack_wait")) {
      table.flush.max_ack_wait = std::chrono::milliseconds(0);
    }
  }

  void read_tables(const Node& node) {
    if (node.broken || node.kind == Node::Kind::kNull) return;
    if (node.kind != Node::Kind::kMap) {
      report(node.mark, std::string(kTables), "must be a map of DATABASE.TABLE to table options");
      return;
    }
    for (const NodeEntry& entry : node.entries) {
      const std::string path = join_key(kTables, entry.key);
      origins_.add(path, {entry.mark, false, entry.value.broken});
      if (entry.key.find('.') == std::string::npos) {
        report(entry.mark, path, std::string(kTableNameMessage));
        continue;
      }
      TableOptions& table =
          options_.core.tables.emplace(entry.key, options_.core.defaults).first->second;
      read_table(entry.value, path, table);
    }
  }

  /// `above` is the key of the owner: nothing, `defaults` or `tables.DB.TABLE`.
  void unknown(const NodeEntry& entry, const std::string& full, const std::string& above,
               std::vector<std::string> siblings, bool dotted) {
    if (full == entry.key) siblings.emplace_back(kDefaults);
    std::string message = "unknown key";
    if (dotted) {
      message += "; each part of it is a key of its own, nested in the one before";
    } else if (const auto near = suggest(entry.key, siblings)) {
      message += fmt::format("; did you mean `{}`?", *near);
    } else if (const auto elsewhere = find_option(entry.key, above)) {
      message += fmt::format("; did you mean `{}`?", *elsewhere);
    } else {
      message += fmt::format("; known here: {}", fmt::join(siblings, ", "));
    }
    report(entry.mark, full, std::move(message));
  }

  static std::optional<std::string> find_option(std::string_view name, const std::string& above) {
    constexpr std::string_view kFlinkProperties = "sink.properties.";
    const std::string table = above.empty() ? std::string(kDefaults) : above;
    if (auto found = find_elsewhere(table_options(), table, name)) return found;
    if (auto found = find_elsewhere(daemon_options(), {}, name)) return found;
    if (name.starts_with(kFlinkProperties) && name.size() > kFlinkProperties.size()) {
      return fmt::format("{}.properties.{}", table, name.substr(kFlinkProperties.size()));
    }
    return std::nullopt;
  }

  Options options_;
  Origins& origins_;
  std::vector<Problem>& problems_;
};

}  // namespace

Options read_options(Node& document, Origins& origins, std::vector<Problem>& problems) {
  return Reader(origins, problems).read(document);
}

}  // namespace loadstar::config
