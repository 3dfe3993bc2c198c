#include "config/load.hpp"
#include "config/surroundings.hpp"
#include "core/starrocks/label.hpp"
#include "core/txn/candidates.hpp"
#include "core/txn/resume_token.hpp"
#include "server/commands/commands.hpp"
#include "server/exit_status.hpp"
#include "server/operate/starrocks_session.hpp"
#include "server/operate/transaction_list.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace loadstar::server {
namespace {

struct TxnArguments {
  std::string config;
  std::string database;
  std::string writer;
  std::uint64_t epoch = 0;
  std::string token_file;
  std::string label;
  bool yes = false;
};

int fail(int status, const std::string& message) {
  std::cerr << "loadstar txn: " << message << "\n";
  return status;
}

std::string missing_database(const TxnArguments& arguments) {
  return fmt::format("StarRocks has no database \"{}\"", arguments.database);
}

/// The configuration, or nullopt after its problems were printed.
std::optional<config::Options> load(const TxnArguments& arguments) {
  config::Loaded loaded = config::load_file(arguments.config, config::process_surroundings());
  if (!loaded.options) std::cerr << config::render_problems(loaded.problems);
  return std::move(loaded.options);
}

/// What runs under our prefix, as StarRocks lists it. kExitUnavailable: it does not, and that was
/// said; kExitUsage: it has no such database.
int list_running(StarrocksSession& session, const TxnArguments& arguments,
                 const std::string& prefix) {
  const std::string title =
      fmt::format("Running in {} under label prefix \"{}\":\n", arguments.database, prefix);
  const auto refused = [&title](const Error& error) {
    std::cout << title
              << fmt::format("not listed: {}{}\n", describe(error), advice_on_listing(error));
    return kExitUnavailable;
  };
  const auto databases =
      session.wait(session.client().sql("SHOW PROC '/transactions'", session.deadline()));
  if (!databases.has_value()) return refused(databases.error());
  const auto id = database_id(*databases, arguments.database);
  if (!id) return fail(kExitUsage, missing_database(arguments));
  const auto running = session.wait(session.client().sql(
      fmt::format("SHOW PROC '/transactions/{}/running'", *id), session.deadline()));
  if (!running.has_value()) return refused(running.error());
  std::cout << title << render(ours(*running, prefix));
  return kExitOk;
}

/// The token of `--token-file`, or the exit status after it was said what is wrong with it.
std::variant<txn::ResumeToken, int> read_token(const TxnArguments& arguments) {
  const std::string& path = arguments.token_file;
  constexpr std::size_t kMostBytes = 2 * txn::kMaxTokenBytes + 1024;  // as text, with blanks
  std::ifstream file(path, std::ios::binary);
  std::string content(kMostBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.is_open() || file.bad()) return fail(kExitNoInput, "cannot read " + path);
  content.resize(static_cast<std::size_t>(file.gcount()));
  const auto bytes = content.size() > kMostBytes ? std::nullopt : token_bytes(content);
  if (!bytes) {
    return fail(kExitUsage,
                path +
                    " holds no resume token: write the token's bytes as they are, or as "
                    "hexadecimal text and nothing else");
  }
  auto token = txn::decode_resume_token(*bytes);
  if (!token.ok()) return fail(kExitUsage, path + ": " + token.refusal().message);
  if (token.value().writer != arguments.writer || token.value().database != arguments.database) {
    return fail(kExitUsage, fmt::format("the token in {} is of writer {} and database {}", path,
                                        token.value().writer, token.value().database));
  }
  return std::move(token.value());
}

/// Every label that a session of the writer may have left, and its state (ingest-api.md 4.3).
int list_candidates(StarrocksSession& session, const TxnArguments& arguments,
                    const CoreOptions& options) {
  const std::string& prefix = options.label_prefix;
  txn::ResumeToken token;
  if (!arguments.token_file.empty()) {
    auto read = read_token(arguments);
    if (const int* const status = std::get_if<int>(&read)) return *status;
    token = std::get<txn::ResumeToken>(std::move(read));
  }
  token.prefix = prefix;
  token.writer = arguments.writer;
  token.database = arguments.database;
  const auto range =
      txn::candidates_after(token, arguments.epoch, options.limits.max_pending_checkpoints);
  std::vector<ListedTransaction> found;
  constexpr std::size_t kMostChains = 512;  // as an Open looks at no more
  auto chains = txn::chains_of(range, kMostChains);
  std::uint64_t first_epoch = range.last_epoch;
  for (const auto& chain : chains) first_epoch = std::min(first_epoch, chain.epoch());
  for (auto& chain : chains) {
    while (const auto part = chain.next()) {
      const auto label = starrocks::build(starrocks::PartLabel{
          prefix, arguments.writer, starrocks::database_hash(arguments.database), chain.epoch(),
          chain.checkpoint(), *part});
      if (!label.has_value()) return fail(kExitUsage, label.error().detail);
      const auto state = session.wait(
          session.client().label_state(arguments.database, *label, session.deadline()));
      if (!state.has_value()) return fail(kExitUnavailable, describe(state.error()));
      chain.on_state(state->state);
      if (state->state == starrocks::LabelState::kUnknown) continue;
      found.push_back({*label, std::string(to_string(state->state)), "", ""});
    }
  }
  std::cout << fmt::format("Labels of writer {} after checkpoint {}, epochs {} to {}:\n",
                           arguments.writer, range.after_checkpoint, first_epoch, range.last_epoch)
            << render(found);
  if (first_epoch > range.first_epoch) {
    std::cout << fmt::format(
        "Epochs {} to {} were not looked at: list them with a smaller --epoch.\n",
        range.first_epoch, first_epoch - 1);
  }
  return kExitOk;
}

int list(const TxnArguments& arguments) {
  const auto options = load(arguments);
  if (!options) return kExitBadConfig;
  if (arguments.writer.empty() != (arguments.epoch == 0)) {
    return fail(kExitUsage, "--writer and --epoch go together");
  }
  if (arguments.writer.empty() && !arguments.token_file.empty()) {
    return fail(kExitUsage, "--token-file goes with --writer and --epoch");
  }
  StarrocksSession session(*options);
  if (!session.error().empty()) return fail(kExitBadConfig, session.error());
  const int listed = list_running(session, arguments, options->core.label_prefix);
  if (listed == kExitUsage || arguments.writer.empty()) return listed;
  return list_candidates(session, arguments, options->core);
}

bool confirmed(const std::string& label) {
  if (::isatty(STDIN_FILENO) != 1) return false;
  std::cerr << label << " is PREPARED: a client may hold a token that names it, and would lose its "
            << "rows.\nAbort it? Type its label: ";
  std::string answer;
  std::getline(std::cin, answer);
  return answer == label;
}

/// Rolls the transaction back, and cancels it where that did not help: a transaction whose backend
/// forgot it is cancelled at the frontend (ingest-api.md F8). Success: ABORTED was seen, whatever
/// the two requests said.
int roll_back(StarrocksSession& session, const TxnArguments& arguments) {
  starrocks::Client& client = session.client();
  const std::string& label = arguments.label;
  const starrocks::TableName table{arguments.database, ""};
  const auto rolled_back = session.wait(client.rollback(table, label, session.deadline()));
  std::string why = rolled_back.has_value() ? "" : "; rollback: " + describe(rolled_back.error());
  auto after = session.wait(client.label_state(arguments.database, label, session.deadline()));
  if (!after.has_value() || after->state == starrocks::LabelState::kPrepare) {
    const auto cancelled =
        session.wait(client.cancel(arguments.database, label, session.deadline()));
    if (!cancelled.has_value()) why += "; cancel: " + describe(cancelled.error());
    after = session.wait(client.label_state(arguments.database, label, session.deadline()));
  }
  if (!after.has_value()) {
    return fail(kExitUnavailable,
                fmt::format("the state of {} after the rollback is not known: {}{}", label,
                            describe(after.error()), why));
  }
  if (after->state != starrocks::LabelState::kAborted) {
    return fail(kExitUnfinished, fmt::format("{} is {} after the rollback, not ABORTED{}", label,
                                             to_string(after->state), why));
  }
  std::cout << label << " is ABORTED\n";
  return kExitOk;
}

int abort(const TxnArguments& arguments) {
  const auto options = load(arguments);
  if (!options) return kExitBadConfig;
  const auto parsed = starrocks::parse_label(arguments.label);
  const std::string& prefix = options->core.label_prefix;
  if (!parsed.has_value() || !arguments.label.starts_with(prefix + "-")) {
    return fail(kExitUsage, fmt::format("\"{}\" is not a label of prefix \"{}\"; see `txn list`",
                                        arguments.label, prefix));
  }
  StarrocksSession session(*options);
  if (!session.error().empty()) return fail(kExitBadConfig, session.error());
  starrocks::Client& client = session.client();
  const auto state =
      session.wait(client.label_state(arguments.database, arguments.label, session.deadline()));
  if (!state.has_value()) return fail(kExitUnavailable, describe(state.error()));
  switch (judge_abort(state->state)) {
    case AbortVerdict::kNothingToDo:
      std::cout << arguments.label << " is " << to_string(state->state) << ": nothing to abort\n";
      return kExitOk;
    case AbortVerdict::kNotFound:
      return fail(kExitUnfinished, fmt::format("StarRocks knows no transaction {} in {}: it was "
                                               "never begun, or is forgotten since it ended",
                                               arguments.label, arguments.database));
    case AbortVerdict::kRefuse:
      return fail(kExitUnfinished, fmt::format("{} is {}: its rows are in the table and stay there",
                                               arguments.label, to_string(state->state)));
    case AbortVerdict::kAskFirst:
      if (arguments.yes || confirmed(arguments.label)) break;
      return fail(kExitUnfinished,
                  arguments.label + " is PREPARED and was not aborted; --yes aborts it");
    case AbortVerdict::kRollBack:
      break;
  }
  return roll_back(session, arguments);
}

}  // namespace

void add_txn_command(CLI::App& app, Command& run) {
  auto arguments = std::make_shared<TxnArguments>();
  CLI::App* const command =
      app.add_subcommand("txn", "Show and end StarRocks transactions of this deployment");
  command->require_subcommand(1);
  const auto common = [&arguments](CLI::App* part) {
    part->add_option("-c,--config", arguments->config, "Configuration file of the daemon")
        ->required();
    part->add_option("-d,--database", arguments->database, "Database")->required();
  };
  CLI::App* const listing = command->add_subcommand("list", "What runs under our label prefix");
  common(listing);
  listing->add_option("--writer", arguments->writer,
                      "Also the labels that this writer may have left");
  listing->add_option("--epoch", arguments->epoch, "... up to this epoch")
      ->check(CLI::Range(std::uint64_t{1}, starrocks::kMaxEpoch));
  listing->add_option("--token-file", arguments->token_file,
                      "... since the resume token in this file: its bytes as they are, or as "
                      "hexadecimal text");
  listing->callback([&run, arguments] { run = [arguments] { return list(*arguments); }; });
  CLI::App* const aborting = command->add_subcommand("abort", "Roll one transaction back");
  common(aborting);
  aborting->add_option("LABEL", arguments->label, "Label, as `txn list` shows it")->required();
  aborting->add_flag("--yes", arguments->yes, "Do not ask before a PREPARED one is aborted");
  aborting->callback([&run, arguments] { run = [arguments] { return abort(*arguments); }; });
}

}  // namespace loadstar::server
