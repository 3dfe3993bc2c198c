#include "core/ingest/number_text.hpp"
#include "core/ingest/value_writer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace loadstar::ingest {
namespace {

/// Beyond this, readers of JSON that know doubles only would change an integer.
constexpr std::int64_t kExactInJson = 9'007'199'254'740'992;

/// Whether the floating point type has this very number.
template <class Floating>
bool is_exact(std::int64_t integer) {
  const auto nearest = static_cast<Floating>(integer);
  constexpr auto kBeyond = static_cast<Floating>(9'223'372'036'854'775'808.0);  // 2^63
  return nearest < kBeyond && static_cast<std::int64_t>(nearest) == integer;
}

}  // namespace

Fit ValueWriter::write_boolean(const ColumnType& type, const WireValue& value, Site site) {
  const bool zero_or_one =
      value.kind == ValueKind::kInt && (value.integer == 0 || value.integer == 1);
  if (value.kind != ValueKind::kBool && !zero_or_one) return refuse_kind(type, value);
  if (csv() && site.place == Place::kTop) {
    out_.append(value.integer != 0 ? '1' : '0');
  } else {
    out_.append(value.integer != 0 ? std::string_view("true") : std::string_view("false"));
  }
  return Fit::kOk;
}

Fit ValueWriter::write_integer(const ColumnType& type, const WireValue& value) {
  if (value.kind == ValueKind::kString || value.kind == ValueKind::kBytes) {
    return write_integer_text(type, value);
  }
  if (value.kind != ValueKind::kInt && value.kind != ValueKind::kBool)
    return refuse_kind(type, value);
  if (!fits_integer(type.kind, value.integer)) {
    return refuse(fmt::format("is {}, out of range of {}", value.integer, to_string(type)));
  }
  const bool beyond = value.integer > kExactInJson || value.integer < -kExactInJson;
  const bool quote = !csv() && (type.kind == TypeKind::kLargeint || beyond);
  if (quote) out_.append('"');
  append_integer(out_, value.integer);
  if (quote) out_.append('"');
  return Fit::kOk;
}

Fit ValueWriter::write_integer_text(const ColumnType& type, const WireValue& value) {
  const bool quote = !csv() && (type.kind == TypeKind::kLargeint || type.kind == TypeKind::kBigint);
  if (quote) out_.append('"');
  if (value.kind == ValueKind::kString) {
    if (!append_integer_text(out_, type.kind, value.bytes)) {
      return refuse(fmt::format("is no integer text within the range of {}", to_string(type)));
    }
  } else {
    const std::size_t width = integer_width(type.kind);
    if (value.bytes.empty() || value.bytes.size() > width) {
      return refuse(fmt::format("has {} bytes; big-endian bytes of {} are 1 to {}",
                                value.bytes.size(), to_string(type), width));
    }
    append_big_endian(out_, value.bytes);
  }
  if (quote) out_.append('"');
  return Fit::kOk;
}

Fit ValueWriter::write_floating(const ColumnType& type, const WireValue& value) {
  const bool is_float = type.kind == TypeKind::kFloat;
  if (value.kind == ValueKind::kInt) {
    if (!(is_float ? is_exact<float>(value.integer) : is_exact<double>(value.integer))) {
      return refuse(
          fmt::format("is {}, which {} cannot hold exactly", value.integer, to_string(type)));
    }
    append_integer(out_, value.integer);
    return Fit::kOk;
  }
  if (value.kind != ValueKind::kDouble) return refuse_kind(type, value);
  if (!std::isfinite(value.number))
    return refuse("is NaN or infinite, which StarRocks does not load");
  if (is_float && std::abs(value.number) > double{std::numeric_limits<float>::max()}) {
    return refuse("is out of range of FLOAT");
  }
  // Rounding is what a FLOAT is asked for; losing the whole value is not.
  if (is_float && value.number != 0 && static_cast<float>(value.number) == 0) {
    return refuse("is too small for FLOAT; StarRocks would make it 0");
  }
  append_double(out_, value.number);
  return Fit::kOk;
}

Fit ValueWriter::write_decimal(const ColumnType& type, const WireValue& value) {
  if (value.kind == ValueKind::kString) return put_decimal(type, value.bytes);
  TextBuffer digits(64);
  if (value.kind == ValueKind::kInt) {
    append_integer(digits, value.integer);
  } else if (value.kind != ValueKind::kDouble) {
    return refuse_kind(type, value);
  } else if (!std::isfinite(value.number)) {
    return refuse("is NaN or infinite, which StarRocks does not load");
  } else {
    append_double(digits, value.number);
  }
  return put_decimal(type, digits.view());
}

Fit ValueWriter::put_decimal(const ColumnType& type, std::string_view text) {
  if (!csv()) out_.append('"');
  const DecimalFit fit = append_decimal(out_, text, type.precision, type.scale);
  if (!csv()) out_.append('"');
  switch (fit) {
    case DecimalFit::kFits:
      return Fit::kOk;
    case DecimalFit::kSyntax:
      return refuse("is no decimal number");
    case DecimalFit::kScale:
      return refuse(fmt::format("has more fraction digits than {}; StarRocks would round it",
                                to_string(type)));
    case DecimalFit::kRange:
      return refuse(fmt::format("is out of range of {}", to_string(type)));
  }
  return refuse("is no decimal number");
}

}  // namespace loadstar::ingest
