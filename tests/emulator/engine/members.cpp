#include "tests/emulator/engine/members.hpp"

#include "tests/emulator/engine/value.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace emulator {

namespace {

template <class Number>
std::vector<Number> parse_numbers(std::string_view text) {
  std::vector<Number> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    Number number{};
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc{}) numbers.push_back(number);
    at = error == std::errc{} ? next : at + 1;
  }
  return numbers;
}

std::uint32_t rotate(std::uint32_t value, int bits) {
  return (value << bits) | (value >> (32 - bits));
}

}  // namespace

Members parse_members(std::string_view text) { return parse_numbers<std::uint64_t>(text); }

std::vector<double> parse_samples(std::string_view text) { return parse_numbers<double>(text); }

std::string members_text(const Members& members) {
  std::string out = "[";
  for (const std::uint64_t member : members) {
    if (out.size() > 1) out += ',';
    out += std::to_string(member);
  }
  return out + "]";
}

void unite(Members& members, std::string_view text) {
  const Members more = parse_members(text);
  if (members.empty() || more.empty() || members.back() < more.front()) {
    members.insert(members.end(), more.begin(), more.end());
    return;
  }
  Members all;
  all.reserve(members.size() + more.size());
  std::set_union(members.begin(), members.end(), more.begin(), more.end(), std::back_inserter(all));
  members = std::move(all);
}

std::string united(std::string_view left, std::string_view right) {
  Members members = parse_members(left);
  unite(members, right);
  return members_text(members);
}

std::string merged_samples(std::string_view left, std::string_view right) {
  std::vector<double> samples = parse_samples(left);
  const std::vector<double> more = parse_samples(right);
  samples.insert(samples.end(), more.begin(), more.end());
  std::sort(samples.begin(), samples.end());
  std::string out = "[";
  for (const double sample : samples) {
    if (out.size() > 1) out += ',';
    out += double_text(sample);
  }
  return out + "]";
}

std::uint32_t murmur3_32(std::string_view text) {
  constexpr std::uint32_t kFirst = 0xcc9e2d51;
  constexpr std::uint32_t kSecond = 0x1b873593;
  std::uint32_t hash = 104729;
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    std::uint32_t block = 0;
    std::memcpy(&block, text.data() + i, sizeof block);
    hash ^= rotate(block * kFirst, 15) * kSecond;
    hash = rotate(hash, 13) * 5 + 0xe6546b64;
  }
  std::uint32_t tail = 0;
  for (std::size_t j = text.size(); j > i; --j)
    tail = (tail << 8) | static_cast<unsigned char>(text[j - 1]);
  if (i < text.size()) hash ^= rotate(tail * kFirst, 15) * kSecond;
  hash ^= static_cast<std::uint32_t>(text.size());
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}

std::uint64_t murmur_64(std::string_view text) {
  constexpr std::uint64_t kFactor = 0xc6a4a7935bd1e995;
  std::uint64_t hash = 0xadc83b19ULL ^ (text.size() * kFactor);
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t block = 0;
    std::memcpy(&block, text.data() + i, sizeof block);
    block *= kFactor;
    block ^= block >> 47;
    hash = (hash ^ (block * kFactor)) * kFactor;
  }
  if (i < text.size()) {
    std::uint64_t tail = 0;
    for (std::size_t j = text.size(); j > i; --j)
      tail = (tail << 8) | static_cast<unsigned char>(text[j - 1]);
    hash = (hash ^ tail) * kFactor;
  }
  hash = (hash ^ (hash >> 47)) * kFactor;
  return hash ^ (hash >> 47);
}

}  // namespace emulator
