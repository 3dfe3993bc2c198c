#include "tests/emulator/server/program.hpp"

#include "tests/emulator/server/cluster_fixture.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace emulator::testing {

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "emulator-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(file(name), std::ios::binary) << text;
  return file(name);
}

EmulatorProgram::EmulatorProgram(const ScratchDirectory& scratch,
                                 std::vector<std::string> arguments) {
  const std::string port_file = scratch.file("ports.json");
  std::filesystem::remove(port_file);
  arguments.insert(arguments.begin(), EMULATOR_PROGRAM);
  arguments.insert(arguments.end(), {"--port-file", port_file});
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error("fork failed");
  if (child_ == 0) {
    std::freopen("/dev/null", "w", stdout);
    ::execv(raw[0], raw.data());
    ::_exit(127);
  }
  TestCluster::await([this, &port_file] {
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) == child_) {
      child_ = -1;
      throw std::runtime_error("starrocks-emulator ended at start");
    }
    return std::filesystem::exists(port_file);
  });
  std::ifstream file(port_file);
  ports_ = Json::parse(file);
}

EmulatorProgram::~EmulatorProgram() {
  if (child_ > 0) kill();
}

void EmulatorProgram::kill() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

int EmulatorProgram::terminate() {
  int status = 0;
  ::kill(child_, SIGTERM);
  ::waitpid(child_, &status, 0);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string run_command(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string output;
  std::array<char, 4096> bytes{};
  std::size_t size = 0;
  while ((size = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0)
    output.append(bytes.data(), size);
  const int status = ::pclose(pipe);
  if (status != 0) throw std::runtime_error(command + " ended with " + std::to_string(status));
  return output;
}

}  // namespace emulator::testing
