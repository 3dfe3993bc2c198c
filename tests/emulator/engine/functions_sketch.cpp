// Functions that make and read BITMAP, HLL and PERCENTILE values.
#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/functions.hpp"
#include "tests/emulator/engine/members.hpp"
#include "tests/emulator/engine/text.hpp"

#include <algorithm>
#include <charconv>

namespace emulator {

namespace {

std::optional<std::uint64_t> unsigned_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value empty_members(const FunctionCall& /*call*/) { return std::string("[]"); }

/// A bitmap of one number; NULL for what is not an unsigned 64-bit number.
Value to_bitmap(const FunctionCall& call) {
  const auto member = unsigned_number(trim_white(call.text(0)));
  return member ? Value{members_text({*member})} : Value{};
}

/// NULL makes an empty bitmap, not NULL.
Value bitmap_hash(const FunctionCall& call) {
  if (is_null(call.arguments[0])) return std::string("[]");
  return members_text({murmur3_32(call.text(0))});
}

Value hll_hash(const FunctionCall& call) {
  if (is_null(call.arguments[0])) return std::string("[]");
  return members_text({murmur_64(call.text(0))});
}

/// "1,2,3" to a bitmap; NULL if one of them is no number.
Value bitmap_from_string(const FunctionCall& call) {
  const std::string text = call.text(0);
  Members members;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto member = unsigned_number(trim_white(rest.substr(0, comma)));
    if (!member) return {};
    members.push_back(*member);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members_text(members);
}

Value cardinality(const FunctionCall& call) {
  if (is_null(call.arguments[0])) return std::int64_t{0};
  return static_cast<std::int64_t>(parse_members(call.text(0)).size());
}

Value bitmap_to_string(const FunctionCall& call) {
  std::string text = call.text(0);
  return text.size() < 2 ? text : text.substr(1, text.size() - 2);
}

Value bitmap_contains(const FunctionCall& call) {
  const Members members = parse_members(call.text(0));
  const auto member = unsigned_number(call.text(1));
  return std::int64_t{member && std::binary_search(members.begin(), members.end(), *member)};
}

Value bitmap_or(const FunctionCall& call) { return united(call.text(0), call.text(1)); }

Value bitmap_and(const FunctionCall& call) {
  const Members left = parse_members(call.text(0));
  const Members right = parse_members(call.text(1));
  Members both;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(both));
  return members_text(both);
}

Value percentile_hash(const FunctionCall& call) {
  const auto number = call.number(0);
  return number ? Value{"[" + double_text(*number) + "]"} : Value{};
}

/// The sample at a fraction between 0 and 1, between two samples in proportion.
Value percentile_approx_raw(const FunctionCall& call) {
  const std::vector<double> samples = parse_samples(call.text(0));
  const auto fraction = call.number(1);
  if (samples.empty() || !fraction || *fraction < 0 || *fraction > 1) return {};
  const double place = *fraction * static_cast<double>(samples.size() - 1);
  const auto lower = static_cast<std::size_t>(place);
  const std::size_t upper = std::min(lower + 1, samples.size() - 1);
  return samples[lower] + (samples[upper] - samples[lower]) * (place - static_cast<double>(lower));
}

}  // namespace

std::vector<FunctionInfo> sketch_functions() {
  constexpr auto kBitmap = returns<Kind::kBitmap>;
  constexpr auto kHll = returns<Kind::kHll>;
  constexpr auto kPercentile = returns<Kind::kPercentile>;
  constexpr auto kBigInt = returns<Kind::kBigInt>;
  return {
      {"to_bitmap", 1, 1, kBitmap, to_bitmap},
      {"bitmap_hash", 1, 1, kBitmap, bitmap_hash, false},
      {"bitmap_empty", 0, 0, kBitmap, empty_members},
      {"bitmap_from_string", 1, 1, kBitmap, bitmap_from_string},
      {"bitmap_count", 1, 1, kBigInt, cardinality, false},
      {"bitmap_to_string", 1, 1, returns<Kind::kVarchar>, bitmap_to_string},
      {"bitmap_contains", 2, 2, returns<Kind::kBoolean>, bitmap_contains},
      {"bitmap_or", 2, 2, kBitmap, bitmap_or},
      {"bitmap_and", 2, 2, kBitmap, bitmap_and},
      {"hll_hash", 1, 1, kHll, hll_hash, false},
      {"hll_empty", 0, 0, kHll, empty_members},
      {"hll_cardinality", 1, 1, kBigInt, cardinality, false},
      {"percentile_hash", 1, 1, kPercentile, percentile_hash},
      {"percentile_empty", 0, 0, kPercentile, empty_members},
      {"percentile_approx_raw", 2, 2, returns<Kind::kDouble>, percentile_approx_raw},
  };
}

}  // namespace emulator
