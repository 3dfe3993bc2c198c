#pragma once

#include "tests/emulator/engine/csv.hpp"
#include "tests/emulator/engine/engine.hpp"
#include "tests/emulator/engine/load_mapping.hpp"
#include "tests/emulator/engine/row_converter.hpp"
#include "tests/emulator/engine/rows.hpp"

#include <string>
#include <vector>

namespace emulator {

/// The engine's LoadPlan: reads rows as the bytes come, counts and converts them, and keeps what is
/// to be staged.
class TableLoad : public LoadPlan {
 public:
  /// `table` is copied: a plan outlives DROP TABLE.
  TableLoad(TableSchema table, LoadOptions options, FunctionContext context);

  void append(std::string_view bytes) override;
  void end_body() override;
  [[nodiscard]] bool has_data() const override { return has_data_; }
  LoadResult finish() override;

  [[nodiscard]] const TableSchema& table() const { return table_; }
  [[nodiscard]] const LoadOptions& options() const { return options_; }
  [[nodiscard]] const LoadMapping& mapping() const { return mapping_; }
  [[nodiscard]] const RowBuffer& rows() const { return rows_; }

 private:
  [[nodiscard]] bool plain_text() const {
    return !options_.json && options_.compression == Compression::kNone;
  }
  void fail(std::string message);
  void read_csv(bool last);
  void take_csv_row(const CsvRow& row);
  void read_json(const std::string& document);
  void read_json_record(const Json& record);
  void take(const RowOutcome& outcome, std::string_view raw);

  TableSchema table_;
  LoadOptions options_;
  LoadMapping mapping_;
  RowConverter converter_;
  RowBuffer rows_;
  LoadResult result_;
  std::string pending_;         ///< bytes that are not a whole row or document yet
  std::size_t retry_size_ = 0;  ///< enclosed CSV: pending size from which a row is looked for again
  std::int64_t rows_to_skip_ = 0;
  bool has_data_ = false;
};

}  // namespace emulator
