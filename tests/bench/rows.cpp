#include "tests/bench/rows.hpp"

#include <fmt/format.h>

#include <array>

namespace loadstar::bench {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

/// Bits that look random and cost little (splitmix64).
std::uint64_t mix(std::uint64_t number) {
  std::uint64_t bits = (number + 1) * 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBULL;
  return bits ^ (bits >> 31U);
}

std::string csv_row(std::uint64_t number) {
  const Row row = make_row(number);
  const std::int64_t seconds = row.created / kMicros;
  // All rows are of one day, which spares a calendar.
  const std::int64_t second = seconds % 86'400;
  return fmt::format("{}\t2024-02-29 {:02}:{:02}:{:02}\t{}\t{}\t{}\t{}\n", row.id, second / 3600,
                     second / 60 % 60, second % 60, row.name, row.city, row.amount, row.quantity);
}

}  // namespace

Row make_row(std::uint64_t number) {
  static constexpr std::array<std::string_view, 8> kCities{
      "Amsterdam", "Buenos Aires", "Casablanca", "Daejeon",
      "Edinburgh", "Frankfurt",    "Guangzhou",  "Helsinki"};
  constexpr std::int64_t kDay = 1'709'164'800;  // 2024-02-29
  const std::uint64_t bits = mix(number);
  Row row;
  row.id = static_cast<std::int64_t>(100'000'000'000ULL + number);
  row.created = (kDay + static_cast<std::int64_t>(number % 86'400)) * kMicros;
  row.name = fmt::format("customer-{:016x}-{:06}", bits, bits % 999'983);
  row.city = kCities[bits % kCities.size()];
  row.amount = static_cast<double>(bits % 9'999'999) / 100;
  row.quantity = static_cast<std::int32_t>(bits % 1000);
  return row;
}

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names{"id",   "created", "name",
                                              "city", "amount",  "quantity"};
  return names;
}

Payload csv_payload(std::uint64_t first, std::size_t limit) {
  Payload payload;
  payload.bytes.reserve(limit);
  while (true) {
    const std::string row = csv_row(first + payload.rows);
    if (payload.bytes.size() + row.size() > limit) return payload;
    payload.bytes += row;
    ++payload.rows;
  }
}

std::vector<Payload> csv_payloads(std::size_t total, std::size_t limit) {
  std::vector<Payload> payloads;
  std::size_t bytes = 0;
  std::uint64_t rows = 0;
  while (bytes < total) {
    payloads.push_back(csv_payload(rows, limit));
    bytes += payloads.back().bytes.size();
    rows += payloads.back().rows;
  }
  return payloads;
}

}  // namespace loadstar::bench
