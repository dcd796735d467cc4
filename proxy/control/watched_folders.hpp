// Which folders to watch to hear of each way in which a file may change: written in place, replaced by a
// rename, or reached by a symbolic link that is replaced, as Kubernetes does with `..data` for a mounted
// ConfigMap or Secret. Owner: none, a function. Thread: control: it looks at the disk.
#pragma once

#include <set>
#include <string>

namespace slotway::proxy {

// Adds the folder of each symbolic link on the way to `file`, and that of the file itself; where the way ends
// before the file, the folder in which the next part of it would appear.
// That a folder further up is renamed is not heard of.
void add_watched_folders(const std::string& file, std::set<std::string>& folders);

}  // namespace slotway::proxy
