// Splits an inline command's line into words, with Redis's quoting. Pure; any thread; off the data path.
// Source: Redis 7.0's sdssplitargs: blanks separate; "..." knows \n \r \t \b \a \xHH and \c = c; '...' knows
// \' only; a closing quote must be followed by a blank or the end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slotway::protocol {

// Appends the words to `words`. False: unbalanced quotes.
bool split_inline(std::string_view line, std::vector<std::string>& words);

}  // namespace slotway::protocol
