// The file that a unix socket has in the file system: room is made for it before the socket is bound, and it
// is removed at the end. Owner: the ListeningSocket. Thread: control. Invariants: a socket that somebody
// accepts on, and a file that is no socket, are never removed; the own file only while it is still the one
// that was made.
#pragma once

#include <sys/types.h>

#include <string>

namespace slotway::proxy {

class UnixSocketFile {
 public:
  // Removes a socket that nobody answers on. Throws std::runtime_error if something else is in the way: what,
  // and what to do.
  static void make_room(const std::string& path);

  // REQUIRES: a socket has just been bound to the path, and is open for longer than this lives: so nobody
  // else's file can be taken for its own.
  explicit UnixSocketFile(std::string path);
  ~UnixSocketFile();
  UnixSocketFile(const UnixSocketFile&) = delete;
  UnixSocketFile& operator=(const UnixSocketFile&) = delete;

  // False: errno says why.
  bool set_mode(unsigned mode) const;

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace slotway::proxy
