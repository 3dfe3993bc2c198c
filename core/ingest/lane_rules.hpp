#pragma once

#include "core/base/reason.hpp"
#include "core/base/table_schema.hpp"
#include "core/ingest/batch.hpp"
#include "core/ingest/lane.hpp"
#include "core/ingest/properties.hpp"
#include "core/options.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace loadstar::ingest {

/// The table as far as lanes depend on it.
struct LaneTable {
  std::string database;
  std::string table;
  const TableOptions* options = nullptr;
  const std::optional<TableSchema>* schema = nullptr;
  ServerFacts facts;
};

/// What a lane is wanted for.
struct LaneRequest {
  Format format = Format::kTypedRows;
  PayloadKind kind = PayloadKind::kCsv;
  std::string columns;           ///< value of the `columns` header; empty = none
  PropertySet properties;        ///< after drop_foreign_properties()
  std::string column_separator;  ///< bytes; PayloadKind::kCsv only
  std::string row_delimiter;
  bool exactly_once = false;
};

/// Leaves out properties that have no meaning for `format`: CSV's for JSON and typed rows (whose
/// separators the daemon chooses), JSON's for CSV and typed rows. A configured one is for other
/// batches of the table. BAD_REQUEST if the batch itself asked for what it then would not get
/// (`enclose`, `trim_space`, `jsonpaths`, ...); separators are just left out.
[[nodiscard]] Answer<PropertySet> drop_foreign_properties(PropertySet properties, Format format,
                                                          const std::string& path);

/// Why rows of the table may not say `__op`: StarRocks would insert them
/// (starrocks-load-protocol.md 11.7), or it is not known that it would not (D12). Empty if they
/// may.
[[nodiscard]] std::string_view op_obstacle(const LaneTable& table);

/// Picks the protocol and writes the headers (architecture.md 7). The same request always gives the
/// same lane. UNSUPPORTED_COMBINATION if what is asked for cannot be had together; BAD_REQUEST if
/// it does not go with the table or with itself.
[[nodiscard]] Answer<LaneSpec> resolve_lane(const LaneTable& table, const LaneRequest& request,
                                            const std::string& path);

}  // namespace loadstar::ingest
