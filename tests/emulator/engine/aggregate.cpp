#include "tests/emulator/engine/aggregate.hpp"

#include "tests/emulator/engine/members.hpp"

namespace emulator {

namespace {

/// Sum of two numbers of one type; integers wrap around as they do in StarRocks.
Value sum(const Value& left, const Value& right) {
  if (const auto* real = std::get_if<double>(&left)) return *real + std::get<double>(right);
  if (const auto* wide = std::get_if<Int128>(&left)) {
    return static_cast<Int128>(static_cast<UInt128>(*wide) +
                               static_cast<UInt128>(std::get<Int128>(right)));
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(std::get<std::int64_t>(left)) +
                                   static_cast<std::uint64_t>(std::get<std::int64_t>(right)));
}

}  // namespace

void merge_value(Value& into, const Value& next, const Column& column) {
  const Aggregation aggregation = column.aggregation;
  if (aggregation == Aggregation::kNone || aggregation == Aggregation::kReplace) {
    into = next;
    return;
  }
  if (is_null(next)) return;
  if (is_null(into)) {
    into = next;
    return;
  }
  switch (aggregation) {
    case Aggregation::kSum:
      into = sum(into, next);
      return;
    case Aggregation::kMin:
      if (compare_values(next, into) < 0) into = next;
      return;
    case Aggregation::kMax:
      if (compare_values(next, into) > 0) into = next;
      return;
    case Aggregation::kBitmapUnion:
    case Aggregation::kHllUnion:
      into = united(std::get<std::string>(into), std::get<std::string>(next));
      return;
    case Aggregation::kPercentileUnion:
      into = merged_samples(std::get<std::string>(into), std::get<std::string>(next));
      return;
    case Aggregation::kNone:
    case Aggregation::kReplace:
    case Aggregation::kReplaceIfNotNull:
      into = next;
      return;
  }
}

Value negated(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(*number));
  }
  if (const auto* real = std::get_if<double>(&value)) return -*real;
  if (const auto* wide = std::get_if<Int128>(&value))
    return static_cast<Int128>(0 - static_cast<UInt128>(*wide));
  return value;
}

}  // namespace emulator
