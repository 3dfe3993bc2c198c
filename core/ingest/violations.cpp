#include "core/ingest/violations.hpp"

#include "core/base/assert.hpp"
#include "core/ingest/utf8.hpp"

#include <fmt/format.h>

#include <utility>

namespace loadstar::ingest {

std::string batch_path(std::uint64_t sequence) {
  return sequence == 0 ? std::string("batch") : fmt::format("batch[sequence={}]", sequence);
}

std::string quote_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const bool utf8 = is_utf8(name);
  std::size_t end = name.size();
  if (end > kLongest) {
    end = kLongest;
    while (utf8 && end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
  }
  std::string text = "'";
  for (const char character : name.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(character);
    text += byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8) ? '?' : character;
  }
  text += end < name.size() ? "...'" : "'";
  return text;
}

void Violations::add(std::string_view member, std::string description) {
  if (full()) return;
  std::string field = path_;
  if (!member.empty()) field.append(".").append(member);
  list_.push_back({std::move(field), std::move(description)});
}

Refusal Violations::refusal(Reason reason) const {
  LOADSTAR_ASSERT(!list_.empty(), "a refusal says what is wrong");
  Refusal refusal;
  refusal.reason = reason;
  refusal.message = fmt::format("{}: {}", list_.front().field, list_.front().description);
  refusal.violations = list_;
  return refusal;
}

Refusal refuse(Reason reason, const std::string& path, std::string_view member,
               std::string description) {
  Violations violations(path);
  violations.add(member, std::move(description));
  return violations.refusal(reason);
}

}  // namespace loadstar::ingest
