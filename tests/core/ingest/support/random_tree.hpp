#pragma once

#include "core/base/random.hpp"
#include "core/base/table_schema.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace loadstar::ingest {

/// What a value means, whatever text it is written as: null; a string with the canonical text of a
/// scalar; an array for ARRAY; an array of pairs for MAP; an object for STRUCT.
using Meaning = nlohmann::json;

/// A random value of a column type of any depth.
struct RandomTree {
  std::string wire;  ///< serialised loadstar.v1.Value
  Meaning meaning;
};

/// A type by the name that DDL and parse_column_type() read; ARRAY, MAP and STRUCT of up to three
/// levels.
[[nodiscard]] std::string random_type(Random& random, int depth = 0);

/// A value that fits the type.
[[nodiscard]] RandomTree random_tree(Random& random, const ColumnType& type);

/// The canonical text of a scalar: numbers by their value, JSON by its content.
[[nodiscard]] std::string canonical_scalar(const ColumnType& type, const std::string& text);

/// What the emulator's engine holds for a value that is not NULL, in its own text form
/// (tests/emulator/engine/value.hpp).
[[nodiscard]] Meaning read_stored(const ColumnType& type, const std::string& text);

}  // namespace loadstar::ingest
