#pragma once

#include "tests/emulator/engine/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace emulator {

/// One end of a range partition: a tuple of values of the partition columns; unset members are
/// MAXVALUE.
using PartitionBound = std::vector<std::optional<Value>>;

/// One declared partition.
struct Partition {
  std::string name;                     ///< empty if the server invents the name (START ... EVERY)
  std::optional<PartitionBound> lower;  ///< included; unset: no lower end
  PartitionBound upper;                 ///< excluded
  std::vector<Values> members;          ///< LIST partitions: the tuples that belong to it
};

/// PARTITION BY of a table. Expression partitions make themselves and hold every row.
struct Partitioning {
  enum class Kind { kNone, kRange, kList, kExpression };
  Kind kind = Kind::kNone;
  std::vector<std::size_t> columns;  ///< places of the partition columns in the table
  std::vector<Partition> partitions;
};

/// True if a row with these values has a partition; `names` restricts them to some (`partitions`
/// header), empty means all. Without declared partitions every row has one.
[[nodiscard]] bool has_partition(const Partitioning& partitioning, const Values& row,
                                 const std::vector<std::string>& names);

}  // namespace emulator
