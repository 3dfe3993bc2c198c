#include "server/commands/commands.hpp"
#include "server/exit_status.hpp"
#include "server/process_setup.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

/// The program `loadstar`: parses the command line and runs one command.
int main(int argc, char** argv) {
  using namespace loadstar::server;  // NOLINT(google-build-using-namespace): all of it
  occupy_standard_descriptors();
  CLI::App app("Loadstar: streams rows from any client into StarRocks", "loadstar");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all commands");
  Command run;
  add_serve_command(app, run);
  add_validate_command(app, run);
  add_push_command(app, run);
  add_txn_command(app, run);
  add_version_command(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // CLI11 asks for the command before it looks at the words that are none.
    if (app.remaining().empty()) return app.exit(error) == 0 ? kExitOk : kExitUsage;
    std::cerr << "loadstar: unknown command '" << app.remaining().front()
              << "'\nRun with --help for the commands.\n";
    return kExitUsage;
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? kExitOk : kExitUsage;
  }
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << "loadstar: internal error: " << error.what() << "\n";
    return kExitInternal;
  }
}
