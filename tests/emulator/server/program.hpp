#pragma once

#include "tests/emulator/server/json.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace emulator::testing {

/// A directory that disappears with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// The real starrocks-emulator as a child process.
class EmulatorProgram {
 public:
  /// Starts it and waits for its port file. `arguments` without --port-file.
  EmulatorProgram(const ScratchDirectory& scratch, std::vector<std::string> arguments);
  EmulatorProgram(const EmulatorProgram&) = delete;
  EmulatorProgram& operator=(const EmulatorProgram&) = delete;
  /// SIGKILL if it still runs.
  ~EmulatorProgram();

  [[nodiscard]] std::uint16_t fe_port() const { return ports_.at("fe"); }
  [[nodiscard]] std::uint16_t be_port() const { return ports_.at("be").at(0); }
  [[nodiscard]] std::uint16_t admin_port() const { return ports_.at("admin"); }

  void kill();
  /// SIGTERM; returns the exit status.
  int terminate();

 private:
  pid_t child_ = -1;
  Json ports_;
};

/// What a command wrote to its standard output; fails by exception if it does not exit with 0.
[[nodiscard]] std::string run_command(const std::string& command);

}  // namespace emulator::testing
