#include "tests/emulator/engine/nested.hpp"

#include "tests/emulator/engine/convert.hpp"

#include <string>
#include <utility>
#include <vector>

namespace emulator {

namespace {

/// Canonical text of a MAP from the texts of its keys and values; a later key replaces an earlier
/// one.
class MapText {
 public:
  void add(const std::string& key, std::string value) {
    for (auto& entry : entries_) {
      if (entry.first == key) {
        entry.second = std::move(value);
        return;
      }
    }
    entries_.emplace_back(key, std::move(value));
  }

  [[nodiscard]] std::string text() const {
    std::string out = "{";
    for (const auto& [key, value] : entries_) {
      if (out.size() > 1) out += ',';
      out += key;
      out += ':';
      out += value;
    }
    return out + "}";
  }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

/// Recursive descent over the text form of nested values. Every method returns the canonical text
/// of what it read, or unset if that is malformed or does not fit its type.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return position_ == text_.size(); }

  std::optional<std::string> element(const Type& type) {
    if (accept_null()) return "null";
    switch (type.kind) {
      case Kind::kArray:
        return array(type);
      case Kind::kMap:
        return map(type);
      case Kind::kStruct:
        return std::nullopt;
      default:
        break;
    }
    const auto token = is_number(type.kind) ? bare() : quoted();
    if (!token) return std::nullopt;
    const auto value = from_csv(*token, type);
    if (!value) return std::nullopt;
    return nested_text(*value, type);
  }

 private:
  bool accept(char c) {
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  bool accept_null() {
    if (text_.substr(position_, 4) != "null") return false;
    const std::size_t end = position_ + 4;
    if (end < text_.size() && std::string_view(",]}:").find(text_[end]) == std::string_view::npos)
      return false;
    position_ = end;
    return true;
  }

  std::optional<std::string> array(const Type& type) {
    if (!accept('[')) return std::nullopt;
    std::string out = "[";
    if (!accept(']')) {
      do {
        const auto item = element(type.children[0]);
        if (!item) return std::nullopt;
        if (out.size() > 1) out += ',';
        out += *item;
      } while (accept(','));
      if (!accept(']')) return std::nullopt;
    }
    return out + "]";
  }

  std::optional<std::string> map(const Type& type) {
    if (!accept('{')) return std::nullopt;
    MapText out;
    if (!accept('}')) {
      do {
        const auto key = element(type.children[0]);
        if (!key || !accept(':')) return std::nullopt;
        auto value = element(type.children[1]);
        if (!value) return std::nullopt;
        out.add(*key, std::move(*value));
      } while (accept(','));
      if (!accept('}')) return std::nullopt;
    }
    return out.text();
  }

  std::optional<std::string> bare() {
    const std::size_t end = std::min(text_.find_first_of(",]}:", position_), text_.size());
    std::string token(text_.substr(position_, end - position_));
    position_ = end;
    if (token.empty() || token.find_first_of(" \t") != std::string::npos) return std::nullopt;
    return token;
  }

  std::optional<std::string> quoted() {
    if (!accept('"')) return std::nullopt;
    std::string token;
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      if (c != '"') {
        token += c;
      } else if (!accept('"')) {
        return token;
      } else {
        token += '"';
      }
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

std::optional<std::string> json_element(const Json& json, const Type& type) {
  if (json.kind == Json::Kind::kNull) return "null";
  const auto value = from_json(json, type);
  if (!value) return std::nullopt;
  return nested_text(*value, type);
}

std::optional<Value> array_from_json(const Json& json, const Type& type) {
  if (json.kind != Json::Kind::kArray) return std::nullopt;
  std::string out = "[";
  for (const Json& item : json.items) {
    const auto text = json_element(item, type.children[0]);
    if (!text) return std::nullopt;
    if (out.size() > 1) out += ',';
    out += *text;
  }
  return out + "]";
}

std::optional<Value> map_from_json(const Json& json, const Type& type) {
  if (json.kind != Json::Kind::kObject) return std::nullopt;
  MapText out;
  for (const Json& member : json.items) {
    Json key;
    key.kind = Json::Kind::kString;
    key.text = member.key;
    const auto key_text = json_element(key, type.children[0]);
    auto value = json_element(member, type.children[1]);
    if (!key_text || !value) return std::nullopt;
    out.add(*key_text, std::move(*value));
  }
  return out.text();
}

std::optional<Value> struct_from_json(const Json& json, const Type& type) {
  if (json.kind != Json::Kind::kObject) return std::nullopt;
  std::string out = "{";
  for (std::size_t i = 0; i < type.children.size(); ++i) {
    const Json* member = json_member(json, type.fields[i]);
    const auto text = member == nullptr ? std::optional<std::string>("null")
                                        : json_element(*member, type.children[i]);
    if (!text) return std::nullopt;
    if (i != 0) out += ',';
    out += json_quoted(type.fields[i]) + ":" + *text;
  }
  return out + "}";
}

}  // namespace

std::optional<Value> nested_from_csv(std::string_view text, const Type& type) {
  CsvReader reader(text);
  if (text == "null") return std::nullopt;
  auto value = reader.element(type);
  if (!value || !reader.done()) return std::nullopt;
  return std::move(*value);
}

std::optional<Value> nested_from_json(const Json& json, const Type& type) {
  switch (type.kind) {
    case Kind::kArray:
      return array_from_json(json, type);
    case Kind::kMap:
      return map_from_json(json, type);
    case Kind::kStruct:
      return struct_from_json(json, type);
    default:
      return std::nullopt;
  }
}

}  // namespace emulator
