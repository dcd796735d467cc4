#include "config/setting.hpp"

namespace slotway::config {

std::vector<Setting::Piece> split_pieces(const Option& option, const std::string& text) {
  if (!option.is_list) return {{text, 0}};
  std::vector<Setting::Piece> pieces;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = text.find(',', begin);
    pieces.push_back({text.substr(begin, comma == std::string::npos ? comma : comma - begin), 0});
    if (comma == std::string::npos) return pieces;
    begin = comma + 1;
  }
}

}  // namespace slotway::config
