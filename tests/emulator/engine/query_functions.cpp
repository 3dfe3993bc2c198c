#include "tests/emulator/engine/query_functions.hpp"

#include "tests/emulator/engine/convert.hpp"
#include "tests/emulator/engine/functions.hpp"
#include "tests/emulator/engine/members.hpp"
#include "tests/emulator/engine/temporal.hpp"
#include "tests/emulator/engine/type_parser.hpp"

#include <limits>
#include <new>

namespace emulator {

namespace {

std::string bytes_of(sqlite3_value* value) {
  const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
  return data == nullptr ? std::string{}
                         : std::string(data, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

/// A value of SQLite with the StarRocks type that fits it.
std::pair<Value, Type> read_value(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_NULL:
      return {Value{}, simple_type(Kind::kBoolean)};
    case SQLITE_INTEGER:
      return {std::int64_t{sqlite3_value_int64(value)}, simple_type(Kind::kBigInt)};
    case SQLITE_FLOAT:
      return {sqlite3_value_double(value), simple_type(Kind::kDouble)};
    default:
      return {bytes_of(value), text_type()};
  }
}

void return_text(sqlite3_context* context, const std::string& text) {
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void return_value(sqlite3_context* context, const Value& value, const Type& type) {
  if (is_null(value)) {
    sqlite3_result_null(context);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_result_int64(context, *number);
  } else if (const auto* real = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *real);
  } else {
    return_text(context, value_text(value, type));
  }
}

FunctionContext context_now() {
  FunctionContext context;
  context.now = unix_seconds_now();
  return context;
}

/// Runs one of our functions for SQLite; which one is the user data.
void call_function(sqlite3_context* sqlite, int count, sqlite3_value** values) {
  const auto* function = static_cast<const FunctionInfo*>(sqlite3_user_data(sqlite));
  Values arguments;
  std::vector<Type> types;
  for (int i = 0; i < count; ++i) {
    auto [value, type] = read_value(values[i]);
    if (function->null_in_null_out && is_null(value)) return sqlite3_result_null(sqlite);
    arguments.push_back(std::move(value));
    types.push_back(std::move(type));
  }
  const FunctionContext context = context_now();
  const Type result = function->result(types);
  return_value(sqlite, function->call({arguments, types, result, context}), result);
}

/// starrocks_cast(value, 'type')
void cast_function(sqlite3_context* sqlite, int /*count*/, sqlite3_value** values) {
  const auto [value, from] = read_value(values[0]);
  if (is_null(value)) return sqlite3_result_null(sqlite);
  try {
    TokenStream tokens(bytes_of(values[1]));
    const Type to = parse_type(tokens);
    return_value(sqlite, cast_value(value, from, to).value_or(Value{}), to);
  } catch (const SqlError& error) {
    sqlite3_result_error(sqlite, error.what(), -1);
  }
}

/// State of an aggregate, made in SQLite's zeroed memory at the first row.
template <class State>
State* state_of(sqlite3_context* sqlite) {
  auto** slot = static_cast<State**>(sqlite3_aggregate_context(sqlite, sizeof(State*)));
  if (slot == nullptr) return nullptr;
  if (*slot == nullptr) *slot = new (std::nothrow) State();
  return *slot;
}

/// Takes the state over at the end; empty if there was no row.
template <class State>
std::unique_ptr<State> take_state(sqlite3_context* sqlite) {
  auto** slot = static_cast<State**>(sqlite3_aggregate_context(sqlite, 0));
  return std::unique_ptr<State>(slot == nullptr ? nullptr : *slot);
}

void unite_step(sqlite3_context* sqlite, int /*count*/, sqlite3_value** values) {
  auto* members = state_of<Members>(sqlite);
  if (members != nullptr && sqlite3_value_type(values[0]) != SQLITE_NULL)
    unite(*members, bytes_of(values[0]));
}

void unite_count(sqlite3_context* sqlite) {
  const auto members = take_state<Members>(sqlite);
  sqlite3_result_int64(sqlite, members ? static_cast<std::int64_t>(members->size()) : 0);
}

void unite_value(sqlite3_context* sqlite) {
  const auto members = take_state<Members>(sqlite);
  return_text(sqlite, members_text(members ? *members : Members{}));
}

/// Exact sum of decimal texts of one scale.
struct ExactSum {
  Int128 sum = 0;
  int scale = 0;
  bool any = false;
};

void sum_step(sqlite3_context* sqlite, int /*count*/, sqlite3_value** values) {
  auto* state = state_of<ExactSum>(sqlite);
  if (state == nullptr || sqlite3_value_type(values[0]) == SQLITE_NULL) return;
  const std::string text = bytes_of(values[0]);
  const std::size_t point = text.find('.');
  state->scale = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  const auto number = point == std::string::npos ? parse_integer(text, kInt128Min, kInt128Max)
                                                 : parse_decimal(text, 38, state->scale);
  // Wraps around as the sums of StarRocks do.
  state->sum = static_cast<Int128>(static_cast<UInt128>(state->sum) +
                                   static_cast<UInt128>(number.value_or(0)));
  state->any = true;
}

void sum_value(sqlite3_context* sqlite) {
  const auto state = take_state<ExactSum>(sqlite);
  if (!state || !state->any) return sqlite3_result_null(sqlite);
  Type type = simple_type(Kind::kDecimal);
  type.scale = state->scale;
  return_text(sqlite, value_text(state->sum, type));
}

using Step = void (*)(sqlite3_context*, int, sqlite3_value**);
using Final = void (*)(sqlite3_context*);

void add_aggregate(Database& database, const char* name, Step step, Final final) {
  sqlite3_create_function_v2(database.handle(), name, 1, SQLITE_UTF8, nullptr, nullptr, step, final,
                             nullptr);
}

}  // namespace

void register_query_functions(Database& database) {
  for (const FunctionInfo& function : all_functions()) {
    const std::string name(function.name);
    const bool operation =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") != std::string::npos;
    // SQLite's own are the same, or are aggregates as well.
    if (operation || name == "left" || name == "right" || name == "coalesce" || name == "nullif")
      continue;
    const bool many = function.most > 10;
    for (int count = many ? -1 : function.least; count <= (many ? -1 : function.most); ++count) {
      sqlite3_create_function_v2(database.handle(), name.c_str(), count, SQLITE_UTF8,
                                 const_cast<FunctionInfo*>(&function), call_function, nullptr,
                                 nullptr, nullptr);
    }
  }
  sqlite3_create_function_v2(database.handle(), "starrocks_cast", 2, SQLITE_UTF8, nullptr,
                             cast_function, nullptr, nullptr, nullptr);
  for (const char* name : {"bitmap_union_count", "hll_union_agg", "bitmap_union_int"}) {
    add_aggregate(database, name, unite_step, unite_count);
  }
  for (const char* name : {"bitmap_union", "hll_union", "hll_raw_agg", "bitmap_agg"}) {
    add_aggregate(database, name, unite_step, unite_value);
  }
  add_aggregate(database, "exact_sum", sum_step, sum_value);
}

}  // namespace emulator
