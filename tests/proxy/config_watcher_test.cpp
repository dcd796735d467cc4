// Files that change in each way in which files do, on a real disk.
#include "proxy/control/config_watcher.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "proxy/control/watched_folders.hpp"

namespace slotway::proxy {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Folder {
 public:
  Folder() {
    std::string pattern = fs::temp_directory_path() / "slotway-watch-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = fs::canonical(pattern);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }

 private:
  fs::path path_;
};

struct Stage {
  Folder folder;
  boost::asio::io_context io;
  int changes = 0;
  ConfigWatcher watcher{io,
                        [this] {
                          ++changes;
                          io.stop();
                        },
                        {10ms, 200ms}};

  // Runs until a change is told; false: none was in that time.
  bool is_told(std::chrono::milliseconds limit = 20s) {
    const int before = changes;
    io.restart();
    io.run_for(limit);
    return changes > before;
  }
};

// A ConfigMap or Secret as the kubelet mounts it: FOLDER/file -> ..data/file, and ..data -> a folder with the
// files.
void mount(const Folder& folder, const std::string& version, const std::string& text) {
  fs::create_directory(folder / version);
  folder.write(version + "/file", text);
  fs::create_directory_symlink(version, folder / "..data_tmp");
  fs::rename(folder / "..data_tmp", folder / "..data");
  if (!fs::is_symlink(folder / "file")) fs::create_symlink("..data/file", folder / "file");
}

}  // namespace

TEST_CASE("a watched file is seen to be written in place, replaced, removed and made again") {
  Stage stage;
  stage.folder.write("file", "1");
  stage.watcher.watch({stage.folder / "file"});
  stage.folder.write("file", "22");
  CHECK(stage.is_told());
  stage.folder.write(".file.swp", "3");
  fs::rename(stage.folder / ".file.swp", stage.folder / "file");
  CHECK(stage.is_told());
  fs::remove(stage.folder / "file");
  CHECK(stage.is_told());
  stage.folder.write("file", "4");
  CHECK(stage.is_told());
  fs::permissions(stage.folder / "file", fs::perms::owner_read);
  CHECK(stage.is_told());
}

TEST_CASE("a mounted file is seen to change with the link to its folder") {
  Stage stage;
  mount(stage.folder, "..1", "one");
  stage.watcher.watch({stage.folder / "file"});
  for (const char* version : {"..2", "..3"}) {
    mount(stage.folder, version, version);
    CHECK(stage.is_told());
  }
  // What the kubelet removes then is nobody's.
  fs::remove_all(stage.folder / "..1");
  CHECK_FALSE(stage.is_told(300ms));
}

TEST_CASE("what else happens in a watched folder is not told") {
  Stage stage;
  stage.folder.write("file", "1");
  stage.watcher.watch({stage.folder / "file"});
  stage.folder.write("other", "1");
  fs::create_directory(stage.folder / "folder");
  CHECK_FALSE(stage.is_told(300ms));
  stage.folder.write("file", "22");
  CHECK(stage.is_told());
}

TEST_CASE("a folder that comes, goes and comes again is seen") {
  Stage stage;
  stage.watcher.watch({stage.folder / "a/b/file"});
  fs::create_directory(stage.folder / "a");
  fs::create_directory(stage.folder / "a/b");
  stage.folder.write("a/b/file", "1");
  CHECK(stage.is_told());
  fs::rename(stage.folder / "a/b", stage.folder / "old");
  CHECK(stage.is_told());
  fs::create_directory(stage.folder / "new");
  stage.folder.write("new/file", "1");
  fs::rename(stage.folder / "new", stage.folder / "a/b");
  CHECK(stage.is_told());
  fs::remove_all(stage.folder / "a");
  CHECK(stage.is_told());
}

TEST_CASE("many changes are told together, and while they never end all the same") {
  Stage stage;
  stage.folder.write("file", "");
  stage.watcher.watch({stage.folder / "file"});
  for (int i = 0; i < 20; ++i) stage.folder.write("file", std::string(static_cast<std::size_t>(i), 'x'));
  CHECK(stage.is_told());
  CHECK_FALSE(stage.is_told(100ms));
  CHECK(stage.changes == 1);

  // Something happens more often than things would have to be quiet.
  boost::asio::steady_timer timer(stage.io);
  std::function<void()> write = [&] {
    stage.folder.write("file", std::to_string(std::rand()));
    timer.expires_after(2ms);
    timer.async_wait([&](const boost::system::error_code& error) {
      if (!error) write();
    });
  };
  write();
  CHECK(stage.is_told());
}

TEST_CASE("of several files any one is told, and after stop none") {
  Stage stage;
  stage.folder.write("a", "1");
  stage.folder.write("b", "1");
  stage.watcher.watch({stage.folder / "a", stage.folder / "b"});
  stage.folder.write("b", "22");
  CHECK(stage.is_told());
  stage.watcher.watch({stage.folder / "a"});
  stage.folder.write("b", "333");
  CHECK_FALSE(stage.is_told(100ms));
  stage.folder.write("a", "22");
  CHECK(stage.is_told());
  stage.watcher.stop();
  stage.folder.write("a", "333");
  CHECK_FALSE(stage.is_told(100ms));
}

TEST_CASE("the folders to watch are those of the links on the way and of the file") {
  const Folder folder;
  fs::create_directory(folder / "real");
  fs::create_directory(folder / "links");
  folder.write("real/file", "1");
  fs::create_directory_symlink("../real", folder / "links/current");
  fs::create_symlink(folder / "links/current/file", folder / "config");
  fs::create_symlink("loop", folder / "loop");
  const std::string top = folder / "";
  const auto folders_of = [&](const std::string& file) {
    std::set<std::string> found;
    add_watched_folders(folder / file, found);
    std::string out;
    for (const std::string& path : found) out += ("./" + (path + "/").substr(top.size())) + " ";
    return out;
  };
  CHECK(folders_of("real/file") == "./real/ ");
  CHECK(folders_of("links/current/file") == "./links/ ./real/ ");
  CHECK(folders_of("config") == "./ ./links/ ./real/ ");
  CHECK(folders_of("real/../real/./nothing") == "./real/ ");
  CHECK(folders_of("nothing/at/all") == "./ ");
  CHECK(folders_of("loop") == "./ ");
}

}  // namespace slotway::proxy
