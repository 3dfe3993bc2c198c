#include "server/build_info.hpp"
#include "server/commands/commands.hpp"
#include "server/exit_status.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <string>

namespace loadstar::server {
namespace {

int print_version(const std::string& format) {
  const BuildInfo& info = build_info();
  if (format == "json") {
    nlohmann::ordered_json root;
    root["version"] = info.version;
    root["revision"] = info.revision;
    root["compiler"] = info.compiler;
    for (const auto& [name, version] : info.libraries) root["libraries"][name] = version;
    std::cout << root.dump(2) << "\n";
    return kExitOk;
  }
  std::cout << "loadstar " << info.version << " (" << info.revision << ", " << info.compiler
            << ")\n";
  for (const auto& [name, version] : info.libraries)
    std::cout << "  " << name << " " << version << "\n";
  return kExitOk;
}

}  // namespace

void add_version_command(CLI::App& app, Command& run) {
  auto format = std::make_shared<std::string>("text");
  CLI::App* const command = app.add_subcommand("version", "Print what this program was made from");
  command->add_option("-o,--output", *format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([&run, format] { run = [format] { return print_version(*format); }; });
}

}  // namespace loadstar::server
