#pragma once

#include "config/address.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <concepts>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// How the tables of schema_daemon.cpp and schema_table.cpp are written: one call for each option,
// of the function that is named for its kind. A `Field` is a generic lambda from owner to member.

namespace loadstar::config::build {

/// An enumerator and its word in the file.
template <class E>
using Word = std::pair<E, const char*>;

/// What a message calls the value of a scalar: its text, unless that came from outside the file or
/// may have a password before `@`.
[[nodiscard]] inline std::string name_of(const Node& node) {
  if (node.text.find('@') != std::string::npos) return "the value";
  return node.interpolated ? "the value of " + quote(node.written) : quote(node.text);
}

/// Reports and returns false unless `node` is a scalar.
[[nodiscard]] inline bool require_scalar(const Node& node, const Report& report) {
  if (node.kind == Node::Kind::kScalar) return true;
  report(node, node.kind == Node::Kind::kNull ? "has no value; write one or remove the key"
                                              : "must be one value, not a list or map");
  return false;
}

/// One row of the table, with the remarks that not every option has.
template <class Owner>
struct Row : Option<Owner> {
  Row&& flink(const char* names) && { return set(this->about.flink, names); }
  Row&& starrocks(const char* name) && { return set(this->about.starrocks, name); }
  Row&& help(const char* text) && { return set(this->about.help, text); }
  Row&& required() && { return set(this->about.required, true); }

 private:
  template <class Member, class Value>
  Row&& set(Member& member, Value value) {
    member = value;
    return std::move(*this);
  }
};

/// The parts that make a value from text and back. `measure` gives the number that a range bounds.
template <class Value>
struct Codec {
  std::function<Parsed<Value>(std::string_view)> parse;
  std::function<std::string(const Value&)> print;
  std::function<double(const Value&)> measure;
};

[[nodiscard]] inline std::optional<std::string> outside(const Description& about, double number) {
  if (!about.range || (number >= about.range->min && number <= about.range->max))
    return std::nullopt;
  return fmt::format("is out of range; it must be in {}", format_range(about));
}

template <class Owner, class Value, class Field>
Row<Owner> scalar(Description about, Field field, Codec<Value> codec) {
  Row<Owner> row;
  row.store = [about, field, codec](Owner& owner, const Node& node, const Report& report) {
    if (!require_scalar(node, report)) return;
    const auto parsed = codec.parse(node.text);
    if (!parsed.ok()) return report(node, name_of(node) + " " + parsed.error());
    if (codec.measure) {
      if (const auto error = outside(about, codec.measure(parsed.value()))) {
        return report(node, name_of(node) + " " + *error);
      }
    }
    using Member = std::remove_reference_t<decltype(field(owner))>;
    if constexpr (std::integral<Member> && !std::same_as<Member, Value>) {
      field(owner) = static_cast<Member>(parsed.value());  // in range, see Range
    } else {
      field(owner) = parsed.value();
    }
  };
  row.print = [field, codec](const Owner& owner) { return codec.print(Value(field(owner))); };
  row.check = [about, field, codec](const Owner& owner) -> std::optional<std::string> {
    if (!codec.measure) return std::nullopt;
    const Value value(field(owner));  // NOLINT(performance-*): a conversion, for most
    if (const auto error = outside(about, codec.measure(value))) {
      return fmt::format("{} {}", quote(codec.print(value)), *error);
    }
    return std::nullopt;
  };
  row.about = std::move(about);
  return row;
}

[[nodiscard]] inline Description describe(const char* key, Kind kind) {
  Description about;
  about.key = key;
  about.kind = kind;
  return about;
}

template <class Owner, class Field>
Row<Owner> boolean(const char* key, Field field) {
  return scalar<Owner, bool>(describe(key, Kind::kBool), field,
                             {parse_bool, [](bool value) { return value ? "true" : "false"; }, {}});
}

template <class Owner, class Field>
Row<Owner> integer(const char* key, Field field, Range range) {
  Description about = describe(key, Kind::kInteger);
  about.range = range;
  return scalar<Owner, std::uint64_t>(
      about, field,
      {parse_integer, [](std::uint64_t value) { return std::to_string(value); },
       [](std::uint64_t value) { return static_cast<double>(value); }});
}

template <class Owner, class Field>
Row<Owner> percent(const char* key, Field field, Range range) {
  Description about = describe(key, Kind::kPercent);
  about.range = range;
  return scalar<Owner, std::uint64_t>(
      about, field,
      {parse_percent, [](std::uint64_t value) { return std::to_string(value) + "%"; },
       [](std::uint64_t value) { return static_cast<double>(value); }});
}

template <class Owner, class Field>
Row<Owner> decimal(const char* key, Field field, Range range) {
  Description about = describe(key, Kind::kDecimal);
  about.range = range;
  return scalar<Owner, double>(about, field,
                               {parse_decimal, format_decimal, [](double value) { return value; }});
}

template <class Owner, class Field>
Row<Owner> size(const char* key, Field field, Bytes min, Bytes max) {
  Description about = describe(key, Kind::kSize);
  about.range = Range{static_cast<double>(min.value), static_cast<double>(max.value)};
  return scalar<Owner, Bytes>(about, field, {parse_size, format_size, [](Bytes value) {
                                               return static_cast<double>(value.value);
                                             }});
}

/// A duration in milliseconds, or in whole seconds if the member holds seconds.
template <class Owner, class Field>
Row<Owner> duration(const char* key, Field field, std::chrono::milliseconds min,
                    std::chrono::milliseconds max) {
  using Member = std::remove_cvref_t<decltype(field(std::declval<Owner&>()))>;
  Description about = describe(key, Kind::kDuration);
  about.range = Range{static_cast<double>(min.count()), static_cast<double>(max.count())};
  const auto parse = [](std::string_view text) -> Parsed<Member> {
    const auto parsed = parse_duration(text);
    if (!parsed.ok()) return Parsed<Member>::refused(parsed.error());
    const auto value = std::chrono::duration_cast<Member>(parsed.value());
    if (value != parsed.value()) return Parsed<Member>::refused("is not in whole seconds");
    return value;
  };
  return scalar<Owner, Member>(
      about, field,
      {parse, [](const Member& value) { return format_duration(value); },
       [](const Member& value) {
         return static_cast<double>(std::chrono::milliseconds(value).count());
       }});
}

template <class Owner, class Field, class E, std::size_t N>
Row<Owner> choice(const char* key, Field field, const std::array<Word<E>, N>& words) {
  Description about = describe(key, Kind::kChoice);
  for (const auto& [value, word] : words) about.choices.emplace_back(word);
  const auto parse = [words, all = about.choices](std::string_view text) -> Parsed<E> {
    for (const auto& [value, word] : words) {
      if (text == word) return value;
    }
    return Parsed<E>::refused(fmt::format("is not known here; write {}", fmt::join(all, " | ")));
  };
  const auto print = [words](const E& wanted) -> std::string {
    for (const auto& [value, word] : words) {
      if (value == wanted) return word;
    }
    return {};
  };
  return scalar<Owner, E>(about, field, {parse, print, {}});
}

template <class Owner, class Field>
Row<Owner> text(const char* key, Field field, Kind kind = Kind::kText) {
  return scalar<Owner, std::string>(describe(key, kind), field, {parse_text, yaml_text, {}});
}

/// `auto`, or a value of `codec`; the member is a std::optional.
template <class Owner, class Value, class Field>
Row<Owner> automatic(Description about, Field field, Codec<Value> codec) {
  using Member = std::remove_cvref_t<decltype(field(std::declval<Owner&>()))>;
  about.auto_allowed = true;
  const auto parse = [codec](std::string_view text) -> Parsed<Member> {
    if (text == "auto") return Member();
    const auto parsed = codec.parse(text);
    if (!parsed.ok()) return Parsed<Member>::refused(parsed.error() + ", or auto");
    return Member(static_cast<typename Member::value_type>(parsed.value()));
  };
  const auto print = [codec](const Member& value) -> std::string {
    return value ? codec.print(*value) : "auto";
  };
  const auto measure = [codec, least = about.range->min](const Member& value) {
    return value ? codec.measure(*value) : least;
  };
  return scalar<Owner, Member>(about, field, {parse, print, measure});
}

/// A list whose elements are made by `codec`; elements that cannot be read are reported each.
/// Theirs are empty ones then, so that the rules judge the others under their own places.
template <class Owner, class Value, class Field>
Row<Owner> list(const char* key, Kind kind, Field field, Codec<Value> codec) {
  Row<Owner> row;
  row.about = describe(key, kind);
  row.about.shape = Shape::kList;
  row.store = [field, codec](Owner& owner, const Node& node, const Report& report) {
    if (node.kind != Node::Kind::kList && node.kind != Node::Kind::kNull) {
      return report(node, "must be a list; write [a, b], or one `- a` in a line");
    }
    std::vector<Value> values;
    for (const Node& item : node.items) {
      values.emplace_back();
      if (item.broken || !require_scalar(item, report)) continue;
      const auto parsed = codec.parse(item.text);
      if (parsed.ok()) {
        values.back() = parsed.value();
      } else {
        report(item, name_of(item) + " " + parsed.error());
      }
    }
    field(owner) = std::move(values);
  };
  row.print = [field, codec](const Owner& owner) {
    std::vector<std::string> texts;
    for (const Value& value : field(owner)) texts.push_back(yaml_text(codec.print(value)));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  };
  row.check = [](const Owner&) { return std::optional<std::string>(); };
  return row;
}

/// `{a: b, c: d}` on one line.
[[nodiscard]] inline std::string print_map(const std::map<std::string, std::string>& map) {
  std::vector<std::string> texts;
  texts.reserve(map.size());
  for (const auto& [name, value] : map) {
    texts.push_back(fmt::format("{}: {}", yaml_text(name), yaml_text(value)));
  }
  return fmt::format("{{{}}}", fmt::join(texts, ", "));
}

}  // namespace loadstar::config::build
