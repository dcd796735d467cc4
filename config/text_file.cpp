#include "config/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace slotway::config {
namespace {

ReadFailure failure_of(int error) { return {std::generic_category().message(error), error == ENOENT}; }

}  // namespace

std::variant<std::string, ReadFailure> read_text_file(const std::string& path, std::size_t largest) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return failure_of(errno);
  std::string text;
  std::array<char, 4096> chunk;
  while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    text.append(chunk.data(), size);
    if (text.size() > largest) return ReadFailure{"it is larger than " + std::to_string(largest) + " bytes"};
  }
  if (std::ferror(file.get()) != 0) return failure_of(errno);
  return text;
}

}  // namespace slotway::config
