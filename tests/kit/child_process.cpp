#include "tests/kit/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/kit/temp_folder.hpp"

namespace slotway::kit {

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, std::filesystem::path log)
    : log_(std::move(log)) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int out = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0) throw std::runtime_error("cannot open " + log_.string());
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out);
  if (pid_ < 0) throw std::runtime_error("cannot start " + arguments.front());
}

ChildProcess::~ChildProcess() { kill(); }

void ChildProcess::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!exit_code_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (std::chrono::steady_clock::now() >= deadline) {
      break;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return exit_code_;
}

void ChildProcess::kill() {
  signal(SIGKILL);
  wait(std::chrono::seconds(30));
}

std::string ChildProcess::output() const {
  std::ifstream file(log_, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

CommandResult run_command(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  const TempFolder folder;
  ChildProcess process(arguments, folder.path() / "output");
  const std::optional<int> code = process.wait(limit);
  if (!code) throw std::runtime_error(arguments.front() + " took too long; it wrote:\n" + process.output());
  return {*code, process.output()};
}

}  // namespace slotway::kit
