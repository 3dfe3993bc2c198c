#pragma once

#include <CLI/CLI.hpp>

#include <functional>

// One file for each command of the program (architecture.md D9). Each adds itself to the parser;
// `run` is set to what has to be done if the command is the one that was given.

namespace loadstar::server {

/// What main() runs after parsing; returns the exit status.
using Command = std::function<int()>;

void add_serve_command(CLI::App& app, Command& run);
void add_validate_command(CLI::App& app, Command& run);
void add_version_command(CLI::App& app, Command& run);
void add_push_command(CLI::App& app, Command& run);
void add_txn_command(CLI::App& app, Command& run);

}  // namespace loadstar::server
