#include "tests/core/ingest/support/random_tree.hpp"

#include "tests/core/ingest/support/random_rows.hpp"
#include "tests/core/ingest/support/wire_builder.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace loadstar::ingest {
namespace {

/// Name for random_value(), where it has the type.
std::string scalar_name(const ColumnType& type) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return "boolean";
    case TypeKind::kTinyint:
      return "tinyint";
    case TypeKind::kSmallint:
      return "smallint";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kBigint:
      return "bigint";
    case TypeKind::kLargeint:
      return "largeint";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kDecimal:
      return "decimal(18,4)";
    case TypeKind::kDate:
      return "date";
    case TypeKind::kDatetime:
      return "datetime";
    case TypeKind::kVarbinary:
      return "varbinary(100)";
    default:
      return "varchar(1000)";
  }
}

RandomTree json_tree(Random& random) {
  static const std::vector<std::string> texts{"{}",
                                              "[]",
                                              "0",
                                              "-17",
                                              "true",
                                              R"({"b":1,"a":[null,"x\u0001\\N"]})",
                                              R"([[["deep"]],{"":""}])",
                                              "{ \"blank\" : \"\xE2\x82\xAC\" }"};
  const std::string& text = texts[random.below(texts.size())];
  return {wire::string_value(text), nlohmann::json::parse(text).dump()};
}

RandomTree float_tree(Random& random, const ColumnType& type) {
  const auto value = static_cast<float>(random.below(1'000'000)) / 77.0F - 5'000.0F;
  const auto wide = static_cast<double>(value);
  return {wire::double_value(wide), canonical_scalar(type, fmt::format("{}", wide))};
}

RandomTree scalar_tree(Random& random, const ColumnType& type) {
  if (type.kind == TypeKind::kJson) return json_tree(random);
  if (type.kind == TypeKind::kFloat) return float_tree(random, type);
  RandomValue value = random_value(random, scalar_name(type));
  if (!value.text) return {std::move(value.wire), nullptr};
  return {std::move(value.wire), canonical_scalar(type, *value.text)};
}

RandomTree map_tree(Random& random, const ColumnType& type) {
  std::vector<std::string> keys;
  std::vector<std::string> values;
  Meaning meaning = Meaning::array();
  std::set<std::string> used;
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    const RandomTree key = scalar_tree(random, type.children[0]);
    const bool fresh =
        key.meaning.is_string() && used.insert(key.meaning.get<std::string>()).second;
    if (!fresh) continue;
    const RandomTree value = random_tree(random, type.children[1]);
    keys.push_back(key.wire);
    values.push_back(value.wire);
    meaning.push_back({key.meaning, value.meaning});
  }
  return {wire::map_value(keys, values), std::move(meaning)};
}

/// Recursive descent over the engine's text of nested values.
class StoredReader {
 public:
  explicit StoredReader(const std::string& text) : text_(text) {}

  Meaning read(const ColumnType& type) {
    if (text_.compare(at_, 4, "null") == 0) {
      at_ += 4;
      return nullptr;
    }
    switch (type.kind) {
      case TypeKind::kArray:
        return array(type);
      case TypeKind::kMap:
        return map(type);
      case TypeKind::kStruct:
        return fields(type);
      default:
        return canonical_scalar(type, token());
    }
  }

  [[nodiscard]] bool done() const { return at_ == text_.size(); }

 private:
  void expect(char c) {
    if (at_ >= text_.size() || text_[at_] != c) throw std::runtime_error("stored: " + text_);
    ++at_;
  }
  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Meaning array(const ColumnType& type) {
    Meaning out = Meaning::array();
    expect('[');
    while (!accept(']')) {
      if (!out.empty()) expect(',');
      out.push_back(read(type.children[0]));
    }
    return out;
  }

  Meaning map(const ColumnType& type) {
    Meaning out = Meaning::array();
    expect('{');
    while (!accept('}')) {
      if (!out.empty()) expect(',');
      const Meaning key = read(type.children[0]);
      expect(':');
      out.push_back({key, read(type.children[1])});
    }
    return out;
  }

  Meaning fields(const ColumnType& type) {
    Meaning out = Meaning::object();
    expect('{');
    for (const ColumnType& field : type.children) {
      if (!out.empty()) expect(',');
      const std::string name = token();
      expect(':');
      out[name] = read(field);
    }
    expect('}');
    return out;
  }

  std::string token() {
    const std::size_t begin = at_;
    if (text_[at_] != '"') {
      at_ = std::min(text_.find_first_of(",]}:", at_), text_.size());
      return text_.substr(begin, at_ - begin);
    }
    for (++at_; text_.at(at_) != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
    return nlohmann::json::parse(text_.substr(begin, at_ - begin)).get<std::string>();
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string random_type(Random& random, int depth) {
  static const std::vector<std::string> scalars{
      "boolean", "tinyint",       "smallint",      "int",  "bigint",   "largeint", "float",
      "double",  "decimal(18,4)", "varchar(1000)", "date", "datetime", "json"};
  static const std::vector<std::string> keys{"int",  "largeint", "varchar(1000)",
                                             "date", "datetime", "boolean"};
  if (depth == 0 && random.chance(10)) return "varbinary(100)";
  if (depth >= 3 || !random.chance(depth == 0 ? 40 : 30))
    return scalars[random.below(scalars.size())];
  const auto nested = [&random, depth] { return random_type(random, depth + 1); };
  switch (random.below(3)) {
    case 0:
      return "array<" + nested() + ">";
    case 1:
      return "map<" + keys[random.below(keys.size())] + "," + nested() + ">";
    default:
      return "struct<f1 " + nested() + ", f2 " + nested() + ">";
  }
}

RandomTree random_tree(Random& random, const ColumnType& type) {
  if (random.chance(10)) return {wire::null_value(), nullptr};
  switch (type.kind) {
    case TypeKind::kArray: {
      std::vector<std::string> elements;
      Meaning meaning = Meaning::array();
      for (std::uint64_t left = random.below(4); left > 0; --left) {
        RandomTree element = random_tree(random, type.children[0]);
        elements.push_back(std::move(element.wire));
        meaning.push_back(std::move(element.meaning));
      }
      return {wire::list_value(elements), std::move(meaning)};
    }
    case TypeKind::kMap:
      return map_tree(random, type);
    case TypeKind::kStruct: {
      std::vector<std::string> values;
      Meaning meaning = Meaning::object();
      for (std::size_t i = 0; i < type.children.size(); ++i) {
        RandomTree value = random_tree(random, type.children[i]);
        values.push_back(std::move(value.wire));
        meaning[type.field_names[i]] = std::move(value.meaning);
      }
      return {wire::struct_value(type.field_names, values), std::move(meaning)};
    }
    default:
      return scalar_tree(random, type);
  }
}

std::string canonical_scalar(const ColumnType& type, const std::string& text) {
  switch (type.kind) {
    case TypeKind::kFloat:
      return fmt::format("{:a}", std::strtof(text.c_str(), nullptr));
    case TypeKind::kDouble:
      return fmt::format("{:a}", std::strtod(text.c_str(), nullptr));
    case TypeKind::kDecimal: {
      std::string digits = text;
      if (digits.find('.') != std::string::npos) {
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.ends_with('.')) digits.pop_back();
      }
      return digits == "-0" ? "0" : digits;
    }
    case TypeKind::kJson:
      return nlohmann::json::parse(text).dump();
    default:
      return text;
  }
}

Meaning read_stored(const ColumnType& type, const std::string& text) {
  if (type.kind != TypeKind::kArray && type.kind != TypeKind::kMap &&
      type.kind != TypeKind::kStruct) {
    return canonical_scalar(type, text);
  }
  StoredReader reader(text);
  Meaning meaning = reader.read(type);
  if (!reader.done()) throw std::runtime_error("stored: " + text);
  return meaning;
}

}  // namespace loadstar::ingest
