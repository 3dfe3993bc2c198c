#include "tests/emulator/server/emulator.hpp"
#include "tests/emulator/server/json.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// starrocks-emulator: a StarRocks cluster for tests and for the quick start, as one program.

namespace {

using emulator::Emulator;
using emulator::Options;

struct Arguments {
  Options options;
  std::string init_file;
  std::string port_file;
  std::vector<std::string> users;
  std::vector<std::string> config;
};

void declare(CLI::App& app, Arguments& arguments) {
  Options& options = arguments.options;
  app.add_option("--listen", options.listen, "Address to bind")->capture_default_str();
  app.add_option("--advertise", options.advertise, "Host that redirects name")
      ->capture_default_str();
  app.add_option("--fe-port", options.fe_port, "Leader FE; 0: chosen by the system");
  app.add_option("--fe-follower-port", options.fe_follower_port, "Follower FE; 0: chosen")
      ->each([&options](const std::string&) { options.follower = true; });
  app.add_option("--be-port", options.be_ports, "One for each BE");
  app.add_option("--backends", options.backends,
                 "Number of BEs (default 2, or as many as --be-port)")
      ->check(CLI::Range(1, 64));
  app.add_option("--admin-port", options.admin_port, "The emulator's own door; 0: chosen");
  app.add_option("--database", options.database_path, "SQLite file")->capture_default_str();
  app.add_option("--init", arguments.init_file, "SQL file that runs at start")
      ->check(CLI::ExistingFile);
  app.add_option("--request-log", options.request_log_path, "JSON lines, appended");
  app.add_option("--port-file", arguments.port_file,
                 "JSON with the bound ports, written when ready");
  app.add_option("--version-string", options.version, "Emulated release")->capture_default_str();
  app.add_option("--user", arguments.users, "name:password with every privilege (default root:)");
  app.add_option("--config", arguments.config, "StarRocks setting, key=value");
}

/// The part after the first `separator`; throws if there is none.
std::pair<std::string, std::string> halves(const std::string& text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string::npos)
    throw std::runtime_error("expected '" + std::string(1, separator) + "' in \"" + text + "\"");
  return {text.substr(0, at), text.substr(at + 1)};
}

void complete(const CLI::App& app, Arguments& arguments) {
  Options& options = arguments.options;
  if (app.count("--backends") == 0 && !options.be_ports.empty()) {
    options.backends = options.be_ports.size();
  }
  if (!arguments.init_file.empty()) {
    std::ifstream file(arguments.init_file);
    std::ostringstream text;
    text << file.rdbuf();
    options.init_sql = text.str();
  }
  if (!arguments.users.empty()) options.users.clear();
  for (const std::string& user : arguments.users) {
    const auto [name, password] = halves(user, ':');
    options.users.push_back({name, password, {emulator::Grant{}}});
  }
  for (const std::string& setting : arguments.config) {
    const auto [key, value] = halves(setting, '=');
    if (!options.config.set(key, value)) throw std::runtime_error("no such setting: " + setting);
  }
}

/// Appears complete or not at all: whoever waits for it can read it at once.
void write_port_file(const Emulator& cluster, const std::string& path) {
  emulator::Json json = {{"fe", cluster.fe_port()}, {"fe_follower", cluster.follower_port()}};
  json["be"] = emulator::Json::array();
  for (std::size_t i = 0; i < cluster.backends(); ++i) json["be"].push_back(cluster.be_port(i));
  json["admin"] = cluster.admin_port();
  const std::string text = emulator::plain_json(json);
  std::cout << text << std::endl;
  if (path.empty()) return;
  const std::string temporary = path + ".tmp";
  std::ofstream(temporary) << text << "\n";
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A StarRocks cluster that speaks the load protocol and keeps its rows in SQLite",
               "starrocks-emulator");
  Arguments arguments;
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  // Taken by sigwait below, so no thread may have them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    complete(app, arguments);
    Emulator cluster(arguments.options);
    cluster.start();
    write_port_file(cluster, arguments.port_file);
    int signal = 0;
    sigwait(&signals, &signal);
    cluster.stop();
  } catch (const std::exception& error) {
    std::cerr << "starrocks-emulator: " << error.what() << std::endl;
    return 1;
  }
  return 0;
}
