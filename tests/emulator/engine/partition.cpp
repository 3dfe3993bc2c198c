#include "tests/emulator/engine/partition.hpp"

#include "tests/emulator/engine/text.hpp"

#include <algorithm>

namespace emulator {

namespace {

/// Orders a key against a bound, in which MAXVALUE is above everything. NULL is below everything.
int compare(const Values& key, const PartitionBound& bound) {
  for (std::size_t i = 0; i < key.size() && i < bound.size(); ++i) {
    if (!bound[i]) return -1;
    const int order = compare_values(key[i], *bound[i]);
    if (order != 0) return order;
  }
  return 0;
}

bool contains(const Partitioning& partitioning, const Partition& partition, const Values& key) {
  if (partitioning.kind == Partitioning::Kind::kList) {
    return std::find(partition.members.begin(), partition.members.end(), key) !=
           partition.members.end();
  }
  const bool lowest = &partition == &partitioning.partitions.front();
  if (lowest && !key.empty() && is_null(key[0])) return true;
  if (partition.lower && compare(key, *partition.lower) < 0) return false;
  return compare(key, partition.upper) < 0;
}

}  // namespace

bool has_partition(const Partitioning& partitioning, const Values& row,
                   const std::vector<std::string>& names) {
  const Partitioning::Kind kind = partitioning.kind;
  if (kind == Partitioning::Kind::kNone || kind == Partitioning::Kind::kExpression) return true;
  Values key;
  for (const std::size_t column : partitioning.columns) key.push_back(row[column]);
  for (const Partition& partition : partitioning.partitions) {
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
          return equal_ignore_case(name, partition.name);
        });
    if (wanted && contains(partitioning, partition, key)) return true;
  }
  return false;
}

}  // namespace emulator
