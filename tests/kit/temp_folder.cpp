#include "tests/kit/temp_folder.hpp"

#include <stdlib.h>

#include <stdexcept>
#include <string>
#include <system_error>

namespace slotway::kit {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "slotway-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder: " + name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace slotway::kit
