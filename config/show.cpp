#include "config/show.hpp"

#include "config/document.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <vector>

namespace loadstar::config {
namespace {

/// Writes dotted keys as nested YAML.
class YamlWriter {
 public:
  /// `depth`: levels that the keys are below the begin of a line already.
  YamlWriter(std::string& text, std::size_t depth) : text_(text), depth_(depth) {}

  /// Keys of one section must follow each other.
  void write(std::string_view key, std::string_view value, std::string_view remark) {
    const std::size_t dot = key.rfind('.');
    open(dot == std::string_view::npos ? std::string_view() : key.substr(0, dot));
    line(key.substr(dot + 1), value, remark, sections_.size());
  }

  /// Opens the sections of `path` that are not open yet.
  void open(std::string_view path) {
    std::vector<std::string> wanted;
    while (!path.empty()) {
      const std::size_t dot = path.find('.');
      wanted.emplace_back(path.substr(0, dot));
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    std::size_t common = 0;
    while (common < wanted.size() && common < sections_.size() &&
           wanted[common] == sections_[common]) {
      ++common;
    }
    sections_.resize(common);
    for (; common < wanted.size(); ++common) {
      line(wanted[common], {}, {}, common);
      sections_.push_back(wanted[common]);
    }
  }

 private:
  void line(std::string_view key, std::string_view value, std::string_view remark,
            std::size_t level) {
    std::string text = fmt::format("{:{}}{}:", "", 2 * (depth_ + level), yaml_text(key));
    if (!value.empty()) text += fmt::format(" {}", value);
    if (!remark.empty()) text = fmt::format("{:<48}  # {}", text, remark);
    text_ += text + "\n";
  }

  std::string& text_;
  std::size_t depth_;
  std::vector<std::string> sections_;
};

/// "line 12" for a key that the file sets; empty otherwise.
std::string line_of(const Origins& origins, const std::string& key) {
  if (!origins.is_set(key)) return {};
  return fmt::format("line {}{}", origins.locate(key).line,
                     origins.is_interpolated(key) ? ", from outside the file" : "");
}

std::string origin_of(const Origins& origins, const std::string& key) {
  const std::string line = line_of(origins, key);
  return line.empty() ? "default" : line;
}

/// Whether `max_ack_wait` is off because `interval` is set beside it (architecture.md 7, Ages).
bool is_wait_off(const Origins& origins, const std::string& path) {
  return origins.is_set(path + ".flush.interval") && !origins.is_set(path + ".flush.max_ack_wait");
}

/// For an option of a table, which may be set under `defaults`.
std::string origin_of_table(const Origins& origins, const std::string& path,
                            const std::string& key) {
  if (auto own = line_of(origins, join_key(path, key)); !own.empty()) return own;
  if (key == "flush.max_ack_wait" &&
      (is_wait_off(origins, path) || is_wait_off(origins, "defaults"))) {
    return "off because interval is set";
  }
  if (path == "defaults") return "default";
  const std::string inherited = line_of(origins, join_key("defaults", key));
  return inherited.empty() ? "default" : "defaults, " + inherited;
}

/// What `auto` came to, for a key where it is allowed.
std::string resolved(const Options& options, const std::string& key) {
  if (key == "limits.memory" && !options.resources.memory) {
    return fmt::format(", here {}", format_size(options.core.limits.memory));
  }
  if (key == "limits.threads" && !options.resources.threads) {
    return fmt::format(", here {}", options.threads);
  }
  return {};
}

void show_properties(const std::map<std::string, std::string>& properties,
                     const std::string& section, const std::string& path, const Origins& origins,
                     YamlWriter& writer) {
  if (properties.empty() && section == "pinned") return writer.write(section, "{}", "default");
  writer.open(section);
  for (const auto& [name, value] : properties) {
    const std::string key = join_key(section, name);
    writer.write(key, yaml_text(value), origin_of_table(origins, path, key));
  }
}

void show_table(const TableOptions& table, const std::string& path, const Origins& origins,
                YamlWriter writer) {
  for (const auto& option : table_options()) {
    const std::string& key = option.about.key;
    if (option.about.shape == Shape::kMap) {
      show_properties(key == "pinned" ? table.pinned : table.properties, key, path, origins,
                      writer);
    } else {
      writer.write(key, option.print(table), origin_of_table(origins, path, key));
    }
  }
}

}  // namespace

std::string show(const Options& options, const Origins& origins) {
  std::string text;
  YamlWriter writer(text, 0);
  for (const auto& option : daemon_options()) {
    const std::string& key = option.about.key;
    if (option.about.shape == Shape::kTables) {
      writer.open("tables");
      for (const auto& [name, table] : options.core.tables) {
        text += fmt::format("  {}:\n", yaml_text(name));
        show_table(table, join_key("tables", name), origins, YamlWriter(text, 2));
      }
      writer.open("defaults");
      show_table(options.core.defaults, "defaults", origins, YamlWriter(text, 1));
    } else {
      writer.write(key, option.print(options), origin_of(origins, key) + resolved(options, key));
    }
  }
  return text;
}

}  // namespace loadstar::config
