#include "tests/chaos/blocking_fault.hpp"

#include <stdexcept>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/process_usage.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

constexpr int kBlockers = 30;        // that wait in the end
constexpr int kLoadedBlockers = 20;  // that find more elements than they may leave unread
constexpr int kElements = 60;
constexpr int kHalfClosed = 100;
constexpr int kHalfClosedReads = 60;  // each of kLargeValue
constexpr std::size_t kLargeValue = std::size_t{64} << 10;
constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kPatience(500);
constexpr std::chrono::seconds kClosing(30);
constexpr std::uint64_t kRepliesMeanwhile = 20000;

const std::string kPrefix = "blocking:";
const std::string kLarge = kPrefix + "large";

std::string list_of(int client) { return kPrefix + "list:" + std::to_string(client); }

std::string bulk(const std::string& value) {
  return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

void must(kit::TestClient& client, const kit::Args& arguments, const std::string& reply) {
  const std::string text = client.text(arguments);
  if (text != reply) throw std::runtime_error(arguments.front() + " " + arguments.at(1) + ": " + text);
}

class Blockers {
 public:
  explicit Blockers(Scene& scene)
      : scene_(scene), writer_(scene.stage.proxy.client(std::chrono::seconds(30))) {}

  // Some pop elements until the proxy stops to read from them; the others find none.
  void begin() {
    kit::Args push = {"RPUSH", ""};
    for (int i = 0; i < kElements; ++i) push.emplace_back(kLargeValue, 'x');
    std::string pops;
    for (int i = 0; i < kLoadedBlockers; ++i) {
      const std::string list = list_of(kBlockers + i);
      push[1] = list;
      must(writer_, push, ":" + std::to_string(kElements));
      clients_.push_back(scene_.stage.proxy.client());
      for (int pop = 0; pop <= kElements; ++pop) pops += kit::encode({"BLPOP", list, "0"});
      clients_.back().send_unread(pops, kPatience);
      pops.clear();
    }
    for (int i = 0; i < kBlockers; ++i) {
      clients_.push_back(scene_.stage.proxy.client());
      pops = kit::encode({"BLPOP", list_of(i), "0"});
      clients_.back().send_unread(pops + pops, kPatience);
    }
    wait_until_blocked();
    // The first BLPOP of each gets what it waits for, the second one waits.
    for (int i = 0; i < kBlockers; ++i) must(writer_, {"RPUSH", list_of(i), "x"}, ":1");
    for (int i = 0; i < kBlockers; ++i) {
      kit::wait_until("an element is popped", kClosing, [&] {
        return writer_.text({"LLEN", list_of(i)}) == ":0";
      });
    }
    wait_until_blocked();
  }

  // They leave, some by ending their side only: nobody is to take what comes afterwards.
  void end() {
    for (std::size_t i = kLoadedBlockers; i < clients_.size(); i += 2) {
      clients_[i].shutdown_send();
      clients_[i].read_until_closed();
    }
    clients_.clear();
    kit::wait_until("nobody blocks", kClosing, [&] {
      return metric("slotway_clients_blocked") == 0 && metric("slotway_clients_pinned") == 0;
    });
    for (int i = 0; i < kBlockers; ++i) {
      must(writer_, {"RPUSH", list_of(i), "x"}, ":1");
      must(writer_, {"LLEN", list_of(i)}, ":1");
    }
    kit::Args all = {"DEL", kLarge};
    for (int i = 0; i < kBlockers + kLoadedBlockers; ++i) all.push_back(list_of(i));
    writer_.command(all);
  }

 private:
  double metric(const char* name) const { return scene_.stage.proxy.metric(name); }
  void wait_until_blocked() const {
    kit::wait_until("clients block", kClosing,
                    [&] { return metric("slotway_clients_blocked") >= kBlockers; });
  }

  Scene& scene_;
  kit::TestClient writer_;
  std::vector<kit::TestClient> clients_;
};

// All have sent everything and ended their side before the first reads; every other one asks for more than
// the proxy may have ready for it.
void read_half_closed(Scene& scene) {
  const std::string value(kLargeValue, 'v');
  kit::TestClient writer = scene.stage.proxy.client();
  must(writer, {"SET", kLarge, value}, "+OK");
  std::vector<kit::TestClient> clients;
  std::vector<std::string> expected;
  for (int i = 0; i < kHalfClosed; ++i) {
    const std::string key = kPrefix + "half:" + std::to_string(i);
    const std::string other = kPrefix + "other:" + std::to_string(i);
    std::string bytes = kit::encode({"MSET", key, "1", other, "2"}) + kit::encode({"MGET", other, key}) +
                        kit::encode({"INCR", key}) + kit::encode({"PING"});
    expected.push_back("+OK\r\n*2\r\n" + bulk("2") + bulk("1") + ":2\r\n+PONG\r\n");
    for (int read = 0; i % 2 == 0 && read < kHalfClosedReads; ++read) {
      bytes += kit::encode({"GET", kLarge});
      expected.back() += bulk(value);
    }
    bytes += kit::encode({"DEL", key, other});
    expected.back() += ":2\r\n";
    clients.push_back(scene.stage.proxy.client(std::chrono::seconds(30)));
    clients.back().send_unread(bytes, kPatience);
    clients.back().shutdown_send();
  }
  scene.load.wait_for(kRepliesMeanwhile);
  int right = 0;
  for (std::size_t i = 0; i < clients.size(); ++i)
    right += int{clients[i].read_until_closed() == expected[i]};
  scene.findings.notes.push_back(std::to_string(right) + " of " + std::to_string(kHalfClosed) +
                                 " half-closed clients got all replies and were closed");
  if (right != kHalfClosed) scene.findings.failures.emplace_back("half-closed clients lack replies");
}

}  // namespace

void block_unread(Scene& scene) {
  Stage& stage = scene.stage;
  const std::size_t clients = stage.client_count();
  Blockers blockers(scene);
  blockers.begin();
  scene.load.wait_for(kRepliesMeanwhile);
  read_half_closed(scene);
  const std::size_t rss = usage_of(stage.proxy.pid()).rss;
  scene.findings.notes.push_back(std::to_string(kBlockers + kLoadedBlockers) +
                                 " clients blocked without reading; the proxy's RSS " +
                                 std::to_string(rss / kMegabyte) + " MB");
  blockers.end();
  kit::wait_until("the proxy has closed what is gone", kClosing,
                  [&] { return stage.client_count() <= clients + 1; });
}

}  // namespace slotway::chaos
