#include "core/starrocks/label.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace loadstar::starrocks {
namespace {

constexpr std::size_t kHashLength = 8;
constexpr std::size_t kMaxStarrocksLabel = 128;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_word(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_base32(char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); }

bool is_name(std::string_view text, std::size_t max_length) {
  return !text.empty() && text.size() <= max_length &&
         std::all_of(text.begin(), text.end(), is_word);
}

bool is_hash(std::string_view text) {
  return text.size() == kHashLength && std::all_of(text.begin(), text.end(), is_base32);
}

bool is_nonce(std::string_view text) {
  return text.size() == kNonceLength && std::all_of(text.begin(), text.end(), is_lower_or_digit);
}

Error invalid(std::string detail) {
  return Error{Errc::kInvalidRequest, Certainty::kNotApplied, std::move(detail)};
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t dash = text.find('-');
    fields.push_back(text.substr(0, dash));
    if (dash == std::string_view::npos) return fields;
    text.remove_prefix(dash + 1);
  }
}

/// A number as build() writes it: plain decimal, no sign, no leading zero, at most `max`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

Result<Label> parse_part(const std::vector<std::string_view>& fields) {
  const auto epoch = parse_number(fields[3], kMaxEpoch);
  const auto checkpoint = parse_number(fields[4], kMaxCheckpoint);
  const auto part = parse_number(fields[5], kMaxPart);
  if (!is_label_prefix(fields[0]) || !is_writer_name(fields[1]) || !is_hash(fields[2]) || !epoch ||
      !checkpoint || !part) {
    return invalid("a field of the label is outside its bounds");
  }
  return Label(PartLabel{std::string(fields[0]), std::string(fields[1]), std::string(fields[2]),
                         *epoch, *checkpoint, *part});
}

Result<Label> parse_shared(const std::vector<std::string_view>& fields) {
  const std::string_view nonce = fields[3];
  const auto counter = parse_number(fields[4], kMaxCounter);
  if (!is_label_prefix(fields[0]) || fields[1] != "alo" || !is_hash(fields[2]) || nonce.empty() ||
      nonce.front() != 'r' || !is_nonce(nonce.substr(1)) || !counter) {
    return invalid("a field of the label is outside its bounds");
  }
  return Label(SharedLabel{std::string(fields[0]), std::string(fields[2]),
                           std::string(nonce.substr(1)), *counter});
}

}  // namespace

std::string database_hash(std::string_view database) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  constexpr std::size_t kHashBytes = 5;  // 40 bits
  constexpr unsigned kBitsPerCharacter = 5;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const std::string input(database);
  // The one-shot function has no failure besides a null pointer.
  SHA256(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest.data());
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kHashBytes; ++i) bits = (bits << 8U) | digest[i];
  std::string text(kHashLength, '\0');
  for (std::size_t i = 0; i < kHashLength; ++i) {
    const unsigned shift = kBitsPerCharacter * static_cast<unsigned>(kHashLength - 1 - i);
    text[i] = kAlphabet[(bits >> shift) & 0x1fU];
  }
  return text;
}

bool is_label_prefix(std::string_view text) { return is_name(text, kMaxPrefixLength); }
bool is_writer_name(std::string_view text) { return is_name(text, kMaxWriterLength); }

Result<std::string> build(const PartLabel& label) {
  if (!is_label_prefix(label.prefix)) return invalid("label prefix must be [A-Za-z0-9_]{1,16}");
  if (!is_writer_name(label.writer)) return invalid("writer must be [A-Za-z0-9_]{1,48}");
  if (!is_hash(label.database8)) return invalid("database hash of a label must be [a-z2-7]{8}");
  if (label.epoch > kMaxEpoch || label.checkpoint > kMaxCheckpoint || label.part > kMaxPart) {
    return invalid(fmt::format("epoch {}, checkpoint {} or part {} of a label is too large",
                               label.epoch, label.checkpoint, label.part));
  }
  return fmt::format("{}-{}-{}-{}-{}-{}", label.prefix, label.writer, label.database8, label.epoch,
                     label.checkpoint, label.part);
}

Result<std::string> build(const SharedLabel& label) {
  if (!is_label_prefix(label.prefix)) return invalid("label prefix must be [A-Za-z0-9_]{1,16}");
  if (!is_hash(label.database8)) return invalid("database hash of a label must be [a-z2-7]{8}");
  if (!is_nonce(label.nonce)) return invalid("nonce of a label must be [a-z0-9]{12}");
  if (label.counter > kMaxCounter) return invalid("counter of a label is too large");
  return fmt::format("{}-alo-{}-r{}-{}", label.prefix, label.database8, label.nonce, label.counter);
}

Result<std::string> writer_label_prefix(std::string_view prefix, std::string_view writer,
                                        std::string_view database) {
  if (!is_label_prefix(prefix)) return invalid("label prefix must be [A-Za-z0-9_]{1,16}");
  if (!is_writer_name(writer)) return invalid("writer must be [A-Za-z0-9_]{1,48}");
  return fmt::format("{}-{}-{}-", prefix, writer, database_hash(database));
}

Result<Label> parse_label(std::string_view text) {
  constexpr std::size_t kPartFields = 6;
  constexpr std::size_t kSharedFields = 5;
  if (!is_starrocks_label(text)) return invalid("not a label");
  const auto fields = split(text);
  if (fields.size() == kPartFields) return parse_part(fields);
  if (fields.size() == kSharedFields) return parse_shared(fields);
  return invalid("a label of this daemon has five or six fields");
}

bool is_starrocks_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxStarrocksLabel &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == '-' || is_word(c); });
}

}  // namespace loadstar::starrocks
