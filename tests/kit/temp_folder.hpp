// A folder of its own under the system's temporary folder, removed with all that is in it.
// Owner: a test or a started server. Thread: any.
#pragma once

#include <filesystem>

namespace slotway::kit {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace slotway::kit
