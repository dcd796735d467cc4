// A program started by a test, its standard output and error kept in a file.
// Owner: the test that starts it. Thread: the one that starts it; the kernel kills the program when that
// thread ends, so a test that crashes leaves nothing behind. Invariant: the destructor leaves no process: it
// kills by process id.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slotway::kit {

class ChildProcess {
 public:
  // `arguments[0]` is looked up in PATH unless it has a slash. Output is appended to `log`.
  // Throws std::runtime_error if the program cannot be started.
  ChildProcess(const std::vector<std::string>& arguments, std::filesystem::path log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool running() { return !wait(std::chrono::milliseconds(0)).has_value(); }
  // The exit code, or 128 + the signal that ended it; nullopt if it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);
  // SIGKILL, and waits for the end. Does nothing if it has ended.
  void kill();
  // What it has written so far.
  std::string output() const;

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::filesystem::path log_;
};

struct CommandResult {
  int exit_code = 0;
  std::string output;  // standard output and error
};

// Runs a program to its end; throws std::runtime_error with its output if it takes longer than `limit`.
CommandResult run_command(const std::vector<std::string>& arguments, std::chrono::milliseconds limit);

}  // namespace slotway::kit
