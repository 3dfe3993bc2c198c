#include "config/load.hpp"
#include "config/show.hpp"
#include "config/surroundings.hpp"
#include "core/base/log.hpp"
#include "server/app.hpp"
#include "server/build_info.hpp"
#include "server/commands/commands.hpp"
#include "server/exit_status.hpp"
#include "server/process_setup.hpp"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

namespace loadstar::server {
namespace {

LogFormat choose_format(config::LogFormatOption option) {
  switch (option) {
    case config::LogFormatOption::kJson:
      return LogFormat::kJson;
    case config::LogFormatOption::kText:
      return LogFormat::kText;
    case config::LogFormatOption::kAuto:
      break;
  }
  return ::isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson;
}

int serve(const std::string& path) {
  config::Loaded loaded = config::load_file(path, config::process_surroundings());
  if (!loaded.options) {
    // Before the configuration is known, problems go out as text for people, all at once.
    std::cerr << config::render_problems(loaded.problems);
    return kExitBadConfig;
  }
  config::Options& options = *loaded.options;
  set_up_process(options.threads);
  const Logger logger(make_stderr_sink(choose_format(options.log.format)), options.log.level);
  for (const config::Problem& problem : loaded.problems) {
    logger.warn(problem.message, {{"key", problem.key},
                                  {"file", problem.file},
                                  {"line", std::to_string(problem.mark.line)}});
  }
  const std::string hash = short_hash(config::show(options, loaded.origins));
  App app(std::move(options), hash, logger);
  return app.run();
}

}  // namespace

void add_serve_command(CLI::App& app, Command& run) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("serve", "Run the daemon until SIGTERM");
  command->add_option("-c,--config", *path, "Configuration file (YAML)")->required();
  command->callback([&run, path] { run = [path] { return serve(*path); }; });
}

}  // namespace loadstar::server
