#include "config/load.hpp"
#include "config/reference.hpp"
#include "config/show.hpp"
#include "config/surroundings.hpp"
#include "server/commands/commands.hpp"
#include "server/exit_status.hpp"

#include <iostream>
#include <memory>
#include <string>

namespace loadstar::server {
namespace {

struct ValidateArguments {
  std::string path;
  bool reference = false;
  bool json_schema = false;
  bool show = false;
};

int validate(const ValidateArguments& arguments) {
  if (arguments.reference) {
    std::cout << config::reference_markdown();
    return kExitOk;
  }
  if (arguments.json_schema) {
    std::cout << config::json_schema();
    return kExitOk;
  }
  if (arguments.path.empty()) {
    std::cerr << "loadstar validate: FILE is missing (see --help)\n";
    return kExitUsage;
  }
  const config::Loaded loaded = config::load_file(arguments.path, config::process_surroundings());
  std::cerr << config::render_problems(loaded.problems);
  if (!loaded.options) return kExitBadConfig;
  if (arguments.show) {
    std::cout << config::show(*loaded.options, loaded.origins);
  } else if (loaded.problems.empty()) {
    std::cout << arguments.path << ": good\n";
  }
  return kExitOk;
}

}  // namespace

void add_validate_command(CLI::App& app, Command& run) {
  auto arguments = std::make_shared<ValidateArguments>();
  CLI::App* const command = app.add_subcommand("validate", "Check a configuration file");
  command->add_option("FILE", arguments->path, "Configuration file (YAML)");
  command->add_flag("--show", arguments->show,
                    "Print the effective configuration, secrets left out");
  command->add_flag("--reference", arguments->reference,
                    "Print the reference of all keys (Markdown)");
  command->add_flag("--json-schema", arguments->json_schema, "Print a JSON Schema for editors");
  command->callback([&run, arguments] { run = [arguments] { return validate(*arguments); }; });
}

}  // namespace loadstar::server
