#include "tests/chaos/garbage_fault.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/garbage.hpp"
#include "tests/chaos/process_usage.hpp"
#include "tests/chaos/raw_socket.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

constexpr std::size_t kSenders = 2;       // threads
constexpr std::size_t kConnections = 50;  // of each
constexpr std::chrono::seconds kTime(10);
constexpr std::chrono::milliseconds kLook(50);
constexpr std::chrono::seconds kClosing(30);
constexpr std::size_t kMegabyte = std::size_t{1} << 20;
// A connection sends at most this; what the proxy holds of it and of its replies is to be no more than some
// of it.
constexpr std::size_t kMostBytes = std::size_t{256} << 10;
constexpr std::size_t kAllowedGrowth = kSenders * kConnections * kMostBytes * 4;

// Some connections, of which one at a time sends, reads or ends. Thread: its own.
class GarbageSender {
 public:
  GarbageSender(std::uint16_t port, std::uint32_t seed)
      : port_(port), garbage_(seed), lines_(kConnections), thread_([this] { run(); }) {}
  ~GarbageSender() { stop(); }
  GarbageSender(const GarbageSender&) = delete;
  GarbageSender& operator=(const GarbageSender&) = delete;

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // --- when it has stopped ---
  std::uint64_t connections() const { return connections_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Line {
    RawSocket socket;
    std::size_t sent = 0;
    bool reads = true;
  };

  void run() {
    while (!stopping_) {
      Line& line = lines_[garbage_.below(kConnections)];
      if (!line.socket.is_open()) open(line);
      send(line);
      if (line.reads) read(line);
      if (line.sent > kMostBytes || garbage_.below(20) == 0) close(line);
    }
    for (Line& line : lines_) line.socket.close();
  }

  void open(Line& line) {
    if (!line.socket.connect(port_)) return;
    line.sent = 0;
    line.reads = garbage_.below(4) != 0;
    ++connections_;
  }

  // In one piece, or in two.
  void send(Line& line) {
    if (!line.socket.is_open()) return;
    const std::string bytes = garbage_.next();
    const std::size_t first = garbage_.below(2) == 0 ? bytes.size() : garbage_.below(bytes.size() + 1);
    const std::size_t taken = line.socket.send(std::string_view(bytes).substr(0, first));
    const std::size_t all = taken + line.socket.send(std::string_view(bytes).substr(taken));
    line.sent += all;
    sent_ += all;
    if (!line.socket.is_open()) ++refused_;
  }

  void read(Line& line) {
    if (!line.socket.is_open()) return;
    received_ += line.socket.receive(kMostBytes).size();
    if (!line.socket.is_open()) ++refused_;
  }

  void close(Line& line) { garbage_.below(2) == 0 ? line.socket.close() : line.socket.abort(); }

  std::uint16_t port_;
  Garbage garbage_;
  std::vector<Line> lines_;
  std::uint64_t connections_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t refused_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

std::string megabytes(std::size_t bytes) { return std::to_string(bytes / kMegabyte) + " MB"; }

// The most that the process holds meanwhile.
std::size_t highest_rss(pid_t pid, std::chrono::milliseconds time) {
  std::size_t highest = 0;
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    highest = std::max(highest, usage_of(pid).rss);
    std::this_thread::sleep_for(kLook);
  }
  return highest;
}

}  // namespace

void send_garbage(Scene& scene) {
  Stage& stage = scene.stage;
  const std::size_t clients = stage.client_count();
  const std::size_t before = usage_of(stage.proxy.pid()).rss;
  GarbageSender first(stage.proxy.port(), scene.seed);
  GarbageSender second(stage.proxy.port(), scene.seed + 1);
  const std::size_t highest = highest_rss(stage.proxy.pid(), kTime);
  first.stop();
  second.stop();
  const std::uint64_t refused = first.refused() + second.refused();
  const std::uint64_t received = first.received() + second.received();
  scene.findings.notes.push_back("seed " + std::to_string(scene.seed) + ": " +
                                 std::to_string(first.connections() + second.connections()) +
                                 " connections, " + megabytes(first.sent() + second.sent()) + " sent, " +
                                 megabytes(received) + " of replies read, " + std::to_string(refused) +
                                 " seen closed by the proxy");
  scene.findings.notes.push_back("the proxy's RSS: " + megabytes(before) + " before, at most " +
                                 megabytes(highest) + ", allowed " + megabytes(before + kAllowedGrowth));
  if (highest > before + kAllowedGrowth)
    scene.findings.failures.emplace_back("the proxy's RSS is not bounded");
  if (refused == 0 || received == 0) scene.findings.failures.emplace_back("the garbage was not answered");
  kit::wait_until("the proxy has closed what is gone", kClosing,
                  [&] { return stage.client_count() <= clients; });
}

}  // namespace slotway::chaos
