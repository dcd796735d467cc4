// A stage for the topology refresher: one loop, a fake node on port 0 whose every answer the test decides,
// what was published, and what was logged. Owner: one test. Thread: the test's.
#pragma once

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/reply_tree.hpp"
#include "proxy/control/sentinel_group.hpp"
#include "proxy/control/topology_refresher.hpp"

namespace slotway::tests {

using boost::asio::ip::tcp;
using namespace std::chrono_literals;

using Argv = std::vector<std::string>;

// What a fake node does about one command: it sends some bytes, maybe none, and maybe closes.
struct Reaction {
  std::string bytes;
  bool closes = false;
};

// A node on port 0 of the test's own loop; `react` is asked for each command that comes in.
class FakeNode {
 public:
  using React = std::function<Reaction(const Argv&)>;

  FakeNode(boost::asio::io_context& io, React react)
      : react_(std::move(react)), acceptor_(io, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}) {
    accept();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int connections() const { return connections_; }
  void set_reaction(React react) { react_ = std::move(react); }
  void shut() { acceptor_.close(); }

 private:
  struct Connection {
    explicit Connection(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    protocol::ReplyReader requests{};  // a request is an array of strings, as a reply may be
    std::array<char, 1024> chunk{};
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      ++connections_;
      socket.set_option(tcp::no_delay{true});
      read(std::make_shared<Connection>(std::move(socket)));
      accept();
    });
  }

  void read(const std::shared_ptr<Connection>& c) {
    c->socket.async_read_some(boost::asio::buffer(c->chunk),
                              [this, c](boost::system::error_code error, std::size_t size) {
                                if (error) return;
                                c->requests.feed({c->chunk.data(), size});
                                if (answer(*c)) read(c);
                              });
  }

  bool answer(Connection& c) {
    while (const auto request = c.requests.next()) {
      Argv argv;
      for (const auto& element : request->elements) argv.push_back(element.text);
      const Reaction reaction = react_(argv);
      boost::system::error_code ignored;
      boost::asio::write(c.socket, boost::asio::buffer(reaction.bytes), ignored);
      if (!reaction.closes) continue;
      c.socket.close(ignored);
      return false;
    }
    return true;
  }

  React react_;
  tcp::acceptor acceptor_;
  int connections_ = 0;
};

inline std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// --- what a node of a healthy cluster says; the whole cluster is one master ---
struct NodeFacts {
  std::uint16_t port = 1;
  std::string id = "a";
  int epoch = 5;
  std::string state = "ok";
  int last_slot = 16383;
  std::string run = "r1";
  std::string commands = "*0\r\n";
};

inline std::string shards_reply(const NodeFacts& f) {
  return "*1\r\n*4\r\n$5\r\nslots\r\n*2\r\n:0\r\n:" + std::to_string(f.last_slot) +
         "\r\n$5\r\nnodes\r\n*1\r\n*10\r\n" + bulk("id") + bulk(f.id) + bulk("port") + ":" +
         std::to_string(f.port) + "\r\n" + bulk("endpoint") + bulk("127.0.0.1") + bulk("role") +
         bulk("master") + bulk("health") + bulk("online");
}

inline std::string slots_reply(const NodeFacts& f) {
  return "*1\r\n*3\r\n:0\r\n:" + std::to_string(f.last_slot) + "\r\n*3\r\n$-1\r\n:" + std::to_string(f.port) +
         "\r\n" + bulk(f.id);
}

inline std::string usual_reply(const Argv& argv, const NodeFacts& f) {
  if (argv[0] == "AUTH") return "+OK\r\n";
  if (argv[0] == "INFO") return bulk("# Server\r\nredis_version:7.0.15\r\nrun_id:" + f.run + "\r\n");
  if (argv[0] == "COMMAND") return f.commands;
  if (argv[1] == "INFO") {
    return bulk("cluster_state:" + f.state + "\r\ncluster_current_epoch:" + std::to_string(f.epoch) + "\r\n");
  }
  return argv[1] == "SHARDS" ? shards_reply(f) : slots_reply(f);
}

inline FakeNode::React usual(NodeFacts facts = {}) {
  return [facts](const Argv& argv) { return Reaction{usual_reply(argv, facts)}; };
}

// The log while a test runs.
class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    spdlog::set_level(spdlog::level::debug);
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

// A loop with a refresher whose publications are kept.
struct Stage {
  CapturedLog log;
  boost::asio::io_context io{1};
  config::Config config;
  std::vector<std::shared_ptr<const routing::Topology>> published;
  std::vector<std::shared_ptr<const protocol::LearnedCommands>> learned;
  proxy::SentinelGroups groups{io};
  std::optional<proxy::TopologyRefresher> refresher;

  Stage() {
    config.timeouts.connect = 10s;  // a test in which a node is silent shortens it
    config.topology.refresh_interval = 1h;
    config.topology.min_refresh_interval = 1ms;
  }

  void add_seed(std::uint16_t port, std::string host = "127.0.0.1") {
    config.upstream.seeds.push_back({host, port});
  }

  void start() {
    refresher.emplace(
        io, groups, "default", config, [this](auto topology) { published.push_back(std::move(topology)); },
        [this](auto commands) { learned.push_back(std::move(commands)); });
    refresher->start();
  }

  template <typename Predicate>
  void run_until(Predicate is_done) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!is_done()) {
      if (io.run_one_until(limit) == 0)
        FAIL("nothing happened; last error: " << refresher->status().last_error << "\n" << log.text());
    }
  }
  void run_until_published(std::size_t count) {
    run_until([this, count] { return published.size() >= count; });
  }
  std::uint64_t results(proxy::RefreshResult result) const {
    std::uint64_t sum = 0;
    for (const auto& by_result : refresher->status().counts)
      sum += by_result[static_cast<std::size_t>(result)];
    return sum;
  }
  void run_until_result(proxy::RefreshResult result, std::uint64_t count = 1) {
    run_until([this, result, count] { return results(result) >= count; });
  }
  void finish() { run_until_result(proxy::RefreshResult::changed, published.size()); }
};

// A port of 127.0.0.1 where nobody listens.
inline std::uint16_t closed_port(boost::asio::io_context& io) {
  tcp::acceptor acceptor{io, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace slotway::tests
