#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// Members of a BITMAP, or distinct hashes of an HLL: sorted, each once. Their text is a JSON
/// array.
using Members = std::vector<std::uint64_t>;

[[nodiscard]] Members parse_members(std::string_view text);
[[nodiscard]] std::string members_text(const Members& members);

/// Adds the members of `text` to `members`.
void unite(Members& members, std::string_view text);
/// Union of two such texts.
[[nodiscard]] std::string united(std::string_view left, std::string_view right);

/// Numbers of a PERCENTILE, all of them, sorted; their text is a JSON array.
[[nodiscard]] std::string merged_samples(std::string_view left, std::string_view right);
[[nodiscard]] std::vector<double> parse_samples(std::string_view text);

/// The hash by which bitmap_hash() maps texts to 32 bits (MurmurHash3, x86, 32 bits).
[[nodiscard]] std::uint32_t murmur3_32(std::string_view text);
/// The hash that an HLL counts (MurmurHash64A).
[[nodiscard]] std::uint64_t murmur_64(std::string_view text);

}  // namespace emulator
