#include "proxy/unix_socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace slotway::proxy {

namespace {

// 0 = somebody accepts, else why not (errno).
int try_connect(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error_number = connected ? 0 : errno;
  ::close(socket);
  return error_number;
}

[[noreturn]] void refuse(const std::string& path, const std::string& what, const std::string& advice) {
  throw std::runtime_error("cannot listen on unix:" + path + ": " + what + "; " + advice);
}

}  // namespace

void UnixSocketFile::make_room(const std::string& path) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return;  // bind() says what else may be wrong
  if (!S_ISSOCK(file.st_mode))
    refuse(path, "there is a file that is not a socket", "remove it, or set another path with --listen");
  switch (const int error_number = try_connect(path)) {
    case ECONNREFUSED: break;
    // EAGAIN: more clients wait to be accepted than may wait.
    case 0:
    case EAGAIN:
    case EPROTOTYPE:
      refuse(path, "another process has this socket", "stop it, or set another path with --listen");
    default:
      refuse(path,
             "nobody knows whether the socket is in use: " + std::system_category().message(error_number),
             "remove it if it is not, or set another path with --listen");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    refuse(path, "cannot remove the old socket: " + std::system_category().message(errno),
           "let Slotway's user write to its folder");
  }
}

UnixSocketFile::UnixSocketFile(std::string path) : path_(std::move(path)) {
  struct stat file {};
  if (::lstat(path_.c_str(), &file) != 0) return;
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

UnixSocketFile::~UnixSocketFile() {
  struct stat file {};
  if (::lstat(path_.c_str(), &file) != 0 || file.st_dev != device_ || file.st_ino != inode_) return;
  ::unlink(path_.c_str());
}

bool UnixSocketFile::set_mode(unsigned mode) const { return ::chmod(path_.c_str(), mode) == 0; }

}  // namespace slotway::proxy
