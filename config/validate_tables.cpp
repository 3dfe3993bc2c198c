#include "config/document.hpp"
#include "config/scalar.hpp"
#include "config/schema.hpp"
#include "config/validate_internal.hpp"
#include "core/base/load_property.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace loadstar::config {
namespace {

constexpr Bytes kFlinkLeastBytes = 64_MiB;  // sink.buffer-flush.max-bytes, examples.md 5

/// What a rule says about the options of one table; keys are below the table's own.
struct Judgement {
  Severity severity = Severity::kError;
  std::vector<std::string> keys;
  std::string message;

  friend bool operator==(const Judgement&, const Judgement&) = default;
};

/// The rules for one table, its options already merged over the defaults.
class TableJudge {
 public:
  /// `is_set` tells whether the file sets a key for this table itself.
  TableJudge(const TableOptions& table, std::function<bool(const std::string&)> is_set)
      : table_(table), is_set_(std::move(is_set)), effective_(table.properties) {
    for (const auto& [name, value] : table.pinned) effective_[name] = value;
    // Rules about pairs are about values that are good by themselves.
    std::erase_if(effective_, [](const auto& entry) {
      const LoadProperty* property = find_load_property(entry.first);
      return property == nullptr || check_property_value(*property, entry.second).has_value();
    });
  }

  std::vector<Judgement> judge() {
    judge_ranges();
    judge_times();
    judge_delivery();
    judge_merge_commit();
    judge_key_model();
    judge_property_pairs();
    judge_options_without_effect();
    return std::move(judgements_);
  }

 private:
  void error_if(bool applies, std::vector<std::string> keys, std::string message) {
    if (applies) judgements_.push_back({Severity::kError, std::move(keys), std::move(message)});
  }
  void warn_if(bool applies, std::vector<std::string> keys, std::string message) {
    if (applies) judgements_.push_back({Severity::kWarning, std::move(keys), std::move(message)});
  }

  /// The key that holds the effective value of a property.
  [[nodiscard]] std::string key_of(const std::string& property) const {
    return (table_.pinned.contains(property) ? "pinned." : "properties.") + property;
  }

  void judge_ranges() {
    for (const auto& option : table_options()) {
      if (const auto error = option.check(table_)) error_if(true, {option.about.key}, *error);
    }
    error_if(!is_time_zone(table_.time_zone), {"time_zone"},
             "is not a time zone; write UTC, Asia/Shanghai or +08:00");
  }

  void judge_times() {
    const FlushOptions& flush = table_.flush;
    error_if(flush.max_ack_wait > flush.interval, {"flush.max_ack_wait", "flush.interval"},
             fmt::format("{} is longer than interval ({}) and so has no effect; 0s turns it off",
                         format_duration(flush.max_ack_wait), format_duration(flush.interval)));
    const RetryOptions& retry = table_.retry;
    error_if(
        retry.max_interval < retry.initial_interval,
        {"retry.max_interval", "retry.initial_interval"},
        fmt::format("{} is shorter than initial_interval ({})", format_duration(retry.max_interval),
                    format_duration(retry.initial_interval)));
    warn_if(flush.max_bytes < kFlinkLeastBytes, {"flush.max_bytes"},
            fmt::format(
                "{} is less than {}, the Flink connector's least; many small loads end in \"too "
                "many versions\"",
                format_size(flush.max_bytes), format_size(kFlinkLeastBytes)));
  }

  void judge_delivery() {
    const bool exactly_once = table_.delivery == DeliveryOption::kExactlyOnce;
    const bool transaction = table_.protocol == Protocol::kTransaction;
    error_if(exactly_once && table_.protocol == Protocol::kStreamLoad, {"protocol", "delivery"},
             "stream_load cannot be exactly-once; use auto or transaction");
    for (const auto& [name, value] : effective_) {
      if (!find_load_property(name)->stream_load_only || name.find("merge_commit") != name.npos)
        continue;
      error_if(
          transaction, {key_of(name), "protocol"},
          "works with plain Stream Load only, and protocol is transaction; remove it or use auto");
      error_if(exactly_once, {key_of(name), "delivery"},
               "works with plain Stream Load only, and delivery is exactly_once; remove it");
    }
  }

  void judge_merge_commit() {
    const bool on = is_property_true(effective_, "enable_merge_commit");
    const std::string key = key_of("enable_merge_commit");
    error_if(on && table_.delivery == DeliveryOption::kExactlyOnce, {key, "delivery"},
             "cannot be exactly-once: StarRocks chooses the transaction; remove it");
    error_if(
        on && table_.protocol == Protocol::kTransaction, {key, "protocol"},
        "works with plain Stream Load only, and protocol is transaction; remove it or use auto");
    warn_if(on && table_.compression != Compression::kNone, {"compression", key},
            "has no effect with `enable_merge_commit`: merged loads go plain");
    for (const char* name :
         {"merge_commit_interval_ms", "merge_commit_parallel", "merge_commit_async"}) {
      warn_if(!on && effective_.contains(name), {key_of(name), key},
              "has no effect without `enable_merge_commit: true`");
    }
  }

  void judge_key_model() {
    const bool known = table_.key_model != KeyModel::kUnknown;
    const bool primary = table_.key_model == KeyModel::kPrimary;
    for (const char* name : {"partial_update", "merge_condition"}) {
      const bool used = effective_.contains(name) && effective_.at(name) != "false";
      error_if(used && known && !primary, {key_of(name), "key_model"},
               "works on primary key tables only, and key_model says another");
    }
    error_if(is_property_true(effective_, "negative") && primary, {key_of("negative"), "key_model"},
             "does not work on primary key tables");
    error_if(!table_.ignore_update_before && known && !primary,
             {"ignore_update_before", "key_model"},
             "must be true: only primary key tables can delete rows");
  }

  void judge_property_pairs() {
    for (const PropertyConflict& conflict : find_property_conflicts(effective_)) {
      error_if(true, {key_of(conflict.name)}, conflict.message);
    }
    const auto mode = effective_.find("partial_update_mode");
    warn_if(mode != effective_.end() && !is_property_true(effective_, "partial_update"),
            {key_of("partial_update_mode"), key_of("partial_update")},
            "has no effect without `partial_update: true`");
    const auto ratio = effective_.find("max_filter_ratio");
    warn_if(
        ratio != effective_.end() && ratio->second.find_first_of("123456789") != std::string::npos,
        {key_of("max_filter_ratio")},
        "above 0 StarRocks drops bad rows quietly, up to this share of each load");
    for (const auto& [name, value] : table_.pinned) {
      warn_if(table_.properties.contains(name) && is_set_("properties." + name) &&
                  is_set_("pinned." + name),
              {"properties." + name}, "has no effect because it is pinned as well");
    }
  }

  /// Set, but without effect (operations.md 5).
  void judge_options_without_effect() {
    const bool exactly_once = table_.delivery == DeliveryOption::kExactlyOnce;
    for (const char* key :
         {"flush.max_bytes", "flush.max_rows", "flush.interval", "flush.max_ack_wait",
          "flush.jitter", "parallelism", "retry.max_attempts"}) {
      warn_if(exactly_once && is_set_(key), {key, "delivery"},
              "has no effect because delivery is exactly_once: only a checkpoint flushes");
    }
    warn_if(table_.protocol == Protocol::kTransaction && !exactly_once && is_set_("flush.max_rows"),
            {"flush.max_rows", "protocol"}, "has no effect because protocol is transaction");
    warn_if(
        table_.protocol == Protocol::kTransaction && !exactly_once && is_set_("retry.max_attempts"),
        {"retry.max_attempts", "protocol"}, "has no effect because protocol is transaction");
  }

  const TableOptions& table_;
  std::function<bool(const std::string&)> is_set_;
  std::map<std::string, std::string> effective_;  ///< properties with the pinned ones over them
  std::vector<Judgement> judgements_;
};

/// DATABASE.TABLE, with one dot, and nothing that could not stand in a URL's path or a header as a
/// name.
bool is_table_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot != 0 && dot + 1 != name.size() &&
         name.find('.', dot + 1) == std::string_view::npos && !has_control_byte(name) &&
         name.find_first_of(" /\\?#%`'\"$") == std::string_view::npos;
}

/// How often one daemon loads the table, as the time between two loads.
std::chrono::milliseconds age_limit(const TableOptions& table) {
  const FlushOptions& flush = table.flush;
  return flush.max_ack_wait.count() == 0 ? flush.interval
                                         : std::min(flush.interval, flush.max_ack_wait);
}

void warn_of_many_loads(const Options& options, const std::string& path, const TableOptions& table,
                        Findings& findings) {
  const auto milliseconds = static_cast<double>(age_limit(table).count());
  const double per_second = options.instance.expected_replicas * 1000.0 / milliseconds;
  const bool merged = is_property_true(table.properties, "enable_merge_commit") ||
                      is_property_true(table.pinned, "enable_merge_commit");
  findings.warn_if(
      per_second > 1.0 && !merged && table.delivery != DeliveryOption::kExactlyOnce,
      {path + ".flush.max_ack_wait", path + ".flush.interval", "instance.expected_replicas"},
      fmt::format(
          "{} daemons, each loading every {}, make {:.1f} loads a second of one table; wait "
          "longer, use merge commit, or put a gateway in front",
          options.instance.expected_replicas, format_duration(age_limit(table)), per_second));
}

void warn_of_small_memory(const Options& options, Findings& findings) {
  const auto& tables = options.core.tables;
  Bytes sum{0};
  for (const auto& [name, table] : tables) {
    if (table.delivery != DeliveryOption::kExactlyOnce) sum = sum + table.flush.max_bytes;
  }
  findings.warn_if(
      sum > options.core.limits.memory, {"limits.memory"},
      fmt::format("{} is less than flush.max_bytes of all {} tables together ({}); loads "
                  "will be triggered by memory",
                  format_size(options.core.limits.memory), tables.size(), format_size(sum)));
}

/// Connections must not be given an age where exactly-once writers may be (architecture.md 7,
/// Gateway).
void validate_connection_age(const Options& options, Findings& findings) {
  const auto good = [](const TableOptions& table) {
    return table.delivery == DeliveryOption::kAtLeastOnce;
  };
  const CoreOptions& core = options.core;
  const bool all = (!core.allow_unknown_tables || good(core.defaults)) &&
                   std::all_of(core.tables.begin(), core.tables.end(),
                               [&good](const auto& entry) { return good(entry.second); });
  findings.error_unless(
      options.listen.keepalive.max_connection_age.count() == 0 || all,
      {"listen.keepalive.max_connection_age"},
      "would cut exactly-once writers off their daemon; set it to 0s, or every table to "
      "`delivery: at_least_once`");
}

void report(const std::string& path, const std::vector<Judgement>& judgements, Findings& findings) {
  for (const Judgement& judgement : judgements) {
    std::vector<std::string> keys;
    for (const std::string& key : judgement.keys) keys.push_back(join_key(path, key));
    findings.add(judgement.severity, keys, judgement.message);
  }
}

}  // namespace

void validate_tables(const Options& options, Findings& findings) {
  const TableOptions& defaults = options.core.defaults;
  const auto setter = [&findings](const std::string& path) {
    return [&findings, path](const std::string& key) {
      return findings.origins().is_set(join_key(path, key));
    };
  };
  const auto of_defaults = TableJudge(defaults, setter("defaults")).judge();
  report("defaults", of_defaults, findings);
  validate_properties("defaults.properties", false, defaults.properties, nullptr, findings);
  validate_properties("defaults.pinned", true, defaults.pinned, nullptr, findings);
  validate_columns("defaults", defaults.columns, findings);
  if (options.core.allow_unknown_tables)
    warn_of_many_loads(options, "defaults", defaults, findings);

  for (const auto& [name, table] : options.core.tables) {
    const std::string path = join_key("tables", name);
    findings.error_unless(is_table_name(name), {path}, std::string(kTableNameMessage));
    const auto is_set = setter(path);
    auto judgements = TableJudge(table, is_set).judge();
    // What is wrong with the defaults is said there, unless the table has a part in it.
    std::erase_if(judgements, [&](const Judgement& judgement) {
      const bool said =
          std::find(of_defaults.begin(), of_defaults.end(), judgement) != of_defaults.end();
      return said && std::none_of(judgement.keys.begin(), judgement.keys.end(), is_set);
    });
    report(path, judgements, findings);
    validate_properties(path + ".properties", false, table.properties, &defaults.properties,
                        findings);
    validate_properties(path + ".pinned", true, table.pinned, &defaults.pinned, findings);
    if (table.columns != defaults.columns) validate_columns(path, table.columns, findings);
    warn_of_many_loads(options, path, table, findings);
  }
  findings.warn_if(options.core.tables.empty() && !options.core.allow_unknown_tables, {"tables"},
                   "is empty and unknown_tables is reject, so that every batch is refused");
  warn_of_small_memory(options, findings);
  validate_connection_age(options, findings);
}

}  // namespace loadstar::config
