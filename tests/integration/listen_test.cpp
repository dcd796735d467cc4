// The real program on several addresses at once: TCP of both families and unix sockets, compared with a
// redis-server's own unix socket.
#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/child_process.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::SlotwayProcess;
using kit::TestClient;

constexpr std::chrono::seconds kSoon(10);
using Texts = std::vector<std::string>;

bool has_ipv6() {
  const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return bound;
}

// Listens on a port of its own and on these addresses, with one server behind it.
SlotwayProcess listening(const RedisProcess& redis, const Texts& addresses, Texts more = {}) {
  Texts arguments = {"--upstream-mode", "standalone", "--workers", "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return SlotwayProcess(SLOTWAY_BINARY, redis.host_port(), std::move(arguments), {}, addresses);
}

// A start that is expected to fail.
kit::CommandResult start(const std::string& addresses) {
  return kit::run_command(
      {SLOTWAY_BINARY, "--upstream", "127.0.0.1:1", "--admin", "off", "--listen", addresses}, kSoon);
}

// A socket at that path; it is left there when this ends.
class Squatter {
 public:
  Squatter(const std::string& path, bool listens)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    if (listens) REQUIRE(::listen(socket_, 8) == 0);
  }
  ~Squatter() { ::close(socket_); }
  Squatter(const Squatter&) = delete;
  Squatter& operator=(const Squatter&) = delete;

 private:
  int socket_;
};

mode_t mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  CHECK(S_ISSOCK(file.st_mode));
  return file.st_mode & 0777;
}

std::string field_of(const std::string& line, const std::string& name) {
  const std::size_t at = (" " + line).find(" " + name + "=");
  if (at == std::string::npos) return "(none)";
  const std::size_t begin = at + name.size() + 1;
  return line.substr(begin, line.find(' ', begin) - begin);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("clients of IPv4, of IPv6 and of unix sockets are served at the same time, within one limit") {
  if (!has_ipv6()) {
    WARN("this machine has no IPv6: not tested");
    return;
  }
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  const RedisProcess redis;
  const std::uint16_t both = kit::free_port();
  const std::string port = std::to_string(both);
  const SlotwayProcess slotway =
      listening(redis, {"0.0.0.0:" + port, "[::]:" + port, "unix:" + path}, {"--limits-max-clients", "4"});
  for (const std::string& address : {"0.0.0.0:" + port, "[::]:" + port, "unix:" + path})
    CHECK(slotway.output().find(" listens on " + address + " with 2 workers") != std::string::npos);

  TestClient own = slotway.client();
  TestClient ipv4(both, kSoon, "127.0.0.2");
  TestClient ipv6(both, kSoon, "::1");
  TestClient local = TestClient::on_socket(path);
  CHECK(own.text({"SET", "k", "1"}) == "+OK");
  CHECK(ipv4.text({"INCR", "k"}) == ":2");
  CHECK(ipv6.text({"INCR", "k"}) == ":3");
  CHECK(local.text({"INCR", "k"}) == ":4");
  CHECK(field_of(ipv4.command({"CLIENT", "INFO"}).text, "laddr") == "127.0.0.2:" + port);
  CHECK(field_of(ipv6.command({"CLIENT", "INFO"}).text, "laddr") == "[::1]:" + port);
  CHECK(
      own.command({"INFO", "server"}).text.find("\r\ntcp_port:" + std::to_string(slotway.port()) + "\r\n") !=
      std::string::npos);

  const std::string refusal = "-ERR max number of clients reached\r\n";
  CHECK(TestClient(both, kSoon, "::1").read_until_closed() == refusal);
  CHECK(TestClient::on_socket(path).read_until_closed() == refusal);
}

TEST_CASE("redis-cli is served over a unix socket, and so is who sends and closes at once") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  const RedisProcess redis;
  const SlotwayProcess slotway = listening(redis, {"unix:" + path});
  CHECK(kit::run_command({"redis-cli", "-s", path, "SET", "k", "v"}, kSoon).output == "OK\n");
  CHECK(kit::run_command({"redis-cli", "-s", path, "GET", "k"}, kSoon).output == "v\n");

  TestClient brief = TestClient::on_socket(path);
  brief.send({"SET", "k", std::string(100'000, 'x')});
  brief.send({"SET", "brief", "1"});
  brief.close();
  TestClient client = slotway.client();
  kit::wait_until("both were executed", kSoon, [&] { return client.text({"GET", "brief"}) == "\"1\""; });
  CHECK(client.text({"STRLEN", "k"}) == ":100000");
  kit::wait_until("it has left", kSoon, [&] {
    return slotway.metric("slotway_clients{worker=\"0\"}") +
               slotway.metric("slotway_clients{worker=\"1\"}") ==
           1;
  });
}

TEST_CASE("a unix socket has the permissions that are asked for, or those of the umask") {
  const kit::TempFolder folder;
  const std::string asked = folder.path() / "asked";
  const std::string umask = folder.path() / "umask";
  const RedisProcess redis;
  const SlotwayProcess with_mode = listening(redis, {"unix:" + asked}, {"--unix-socket-mode", "0660"});
  const SlotwayProcess without = listening(redis, {"unix:" + umask});
  CHECK(mode_of(asked) == 0660);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  CHECK(mode_of(umask) == (0777 & ~mask));
}

TEST_CASE("a socket that nobody answers on is replaced, and removed at the end") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  const RedisProcess redis;
  {
    SlotwayProcess slotway = listening(redis, {"unix:" + path});
    slotway.kill();
    CHECK(std::filesystem::exists(path));
    slotway.restart();
    CHECK(TestClient::on_socket(path).text({"PING"}) == "+PONG");
    CHECK(slotway.stop() == 0);
    CHECK_FALSE(std::filesystem::exists(path));
  }
  { const Squatter stale(path, false); }
  CHECK(std::filesystem::exists(path));
  SlotwayProcess slotway = listening(redis, {"unix:" + path});
  CHECK(TestClient::on_socket(path).text({"PING"}) == "+PONG");

  // What somebody else has put in its place is not ours to remove.
  REQUIRE(std::filesystem::remove(path));
  const Squatter other(path, true);
  CHECK(slotway.stop() == 0);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("what is in the way of a unix socket ends the start with a message, and stays") {
  const kit::TempFolder folder;
  const std::string file = folder.path() / "file";
  const std::string used = folder.path() / "used";
  const std::string first = folder.path() / "first";
  std::ofstream(file) << "precious";
  const Squatter other(used, true);
  struct Case {
    std::string path;
    std::string what;
  };
  const Case cases[] = {
      {file, "there is a file that is not a socket; remove it, or set another path with --listen"},
      {used, "another process has this socket; stop it, or set another path with --listen"},
      {folder.path() / "none/s",
       "No such file or directory; its folder must be there, and Slotway's user may write to it, or set "
       "another "
       "with --listen"},
  };
  for (const Case& c : cases) {
    const kit::CommandResult result = start("unix:" + first + ",unix:" + c.path);
    CHECK(result.exit_code == 1);
    INFO(result.output);
    CHECK(result.output.find("cannot listen on unix:" + c.path + ": " + c.what) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(first));
  }
  CHECK(std::filesystem::file_size(file) == 8);
  CHECK_NOTHROW(TestClient::on_socket(used));
}

TEST_CASE("SIGTERM lets a request over a unix socket finish, and takes no new client") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  RedisProcess redis;
  SlotwayProcess slotway = listening(redis, {"unix:" + path});
  TestClient client = TestClient::on_socket(path);
  REQUIRE(client.text({"SET", "k", "slow"}) == "+OK");
  redis.pause();
  client.send({"GET", "k"});
  kit::wait_until("the request is in flight", kSoon,
                  [&] { return slotway.metric("slotway_requests_in_flight") >= 1; });
  slotway.begin_stop();
  kit::wait_until("the socket is gone", kSoon, [&] { return !std::filesystem::exists(path); });
  CHECK(slotway.running());
  redis.resume();
  CHECK(client.read_until_closed() == "$4\r\nslow\r\n");
  CHECK(slotway.wait(kSoon) == 0);
}

TEST_CASE("clients that have connected when SIGTERM comes are accepted first, at every address") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  const RedisProcess redis;
  const std::uint16_t port = kit::free_port();
  SlotwayProcess slotway = listening(redis, {"127.0.0.1:" + std::to_string(port), "unix:" + path});
  slotway.signal(SIGSTOP);
  std::vector<TestClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(slotway.client());
    clients.emplace_back(port, kSoon);
  }
  // More than are accepted before the signal is seen.
  while (clients.size() < 800) clients.push_back(TestClient::on_socket(path));
  for (TestClient& client : clients) client.send({"PING"});
  slotway.signal(SIGTERM);
  slotway.signal(SIGCONT);
  for (TestClient& client : clients) CHECK(client.read_until_closed() == "+PONG\r\n");
  CHECK(slotway.wait(kSoon) == 0);
}

TEST_CASE("with reuse_port two processes serve one port, and one goes on alone") {
  const RedisProcess redis;
  const std::uint16_t port = kit::free_port();
  const Texts shared = {"127.0.0.1:" + std::to_string(port)};
  SlotwayProcess old = listening(redis, shared, {"--reuse-port", "on"});
  const kit::CommandResult refused = start(shared[0]);
  CHECK(refused.exit_code == 1);
  CHECK(refused.output.find("cannot listen on " + shared[0] +
                            ": Address already in use; stop what uses the port, "
                            "or set another with --listen") != std::string::npos);

  const SlotwayProcess next = listening(redis, shared, {"--reuse-port", "on"});
  const auto clients_of = [](const SlotwayProcess& slotway) {
    return slotway.metric("slotway_client_connections_accepted_total");
  };
  const auto connect = [port](int count) {
    for (int i = 0; i < count; ++i) REQUIRE(TestClient(port, kSoon).text({"PING"}) == "+PONG");
  };
  connect(64);
  CHECK(clients_of(old) > 0);
  CHECK(clients_of(next) > 0);
  CHECK(clients_of(old) + clients_of(next) == 64);

  const double before = clients_of(next);
  CHECK(old.stop() == 0);
  connect(64);
  CHECK(clients_of(next) == before + 64);
}

TEST_CASE("clients of a unix socket are told of and closed as a redis-server does it") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "ours";
  const std::string node_path = folder.path() / "node";
  const RedisProcess redis({"--unixsocket", node_path, "--unixsocketperm", "700"});
  const SlotwayProcess slotway = listening(redis, {"unix:" + path}, {"--unix-socket-mode", "0700"});
  TestClient through = TestClient::on_socket(path);
  TestClient direct = TestClient::on_socket(node_path);
  const auto check_alike = [&](const kit::Args& request) {
    kit::Args of_node = request;
    for (std::string& word : of_node) word = replaced(word, path, node_path);
    INFO(kit::encode(request));
    CHECK(replaced(through.text(request), path, node_path) == direct.text(of_node));
  };

  for (const char* command : {"INFO", "LIST"}) {
    const std::string line = through.command({"CLIENT", command}).text;
    const std::string expected = direct.command({"CLIENT", command}).text;
    for (const char* field : {"addr", "laddr", "flags"}) {
      INFO(command << " " << field);
      CHECK(replaced(field_of(line, field), path, node_path) == field_of(expected, field));
    }
    CHECK(field_of(line, "flags") == "U");
  }
  check_alike({"CONFIG", "GET", "unixsocket"});
  check_alike({"CONFIG", "GET", "unixsocketperm"});
  CHECK(through.text({"CONFIG", "GET", "port"}) == "[\"port\", \"" + std::to_string(slotway.port()) + "\"]");
  CHECK(through.text({"CONFIG", "GET", "bind"}) == "[\"bind\", \"127.0.0.1\"]");

  // Those who ask are left out, but not by the form that names an address alone.
  check_alike({"CLIENT", "KILL", "ADDR", path + ":0"});
  check_alike({"CLIENT", "KILL", "LADDR", path + ":0"});
  check_alike({"CLIENT", "KILL", "ADDR", path});
  for (const char* option : {"ADDR", "LADDR"}) {
    TestClient other = TestClient::on_socket(path);
    REQUIRE(other.text({"PING"}) == "+PONG");
    CHECK(through.text({"CLIENT", "KILL", option, path + ":0"}) == ":1");
    CHECK(other.read_until_closed().empty());
  }
  check_alike({"CLIENT", "KILL", path + ":0"});
  CHECK(through.read_until_closed().empty());
}

TEST_CASE("MONITOR names a unix socket as a redis-server does") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "ours";
  const std::string node_path = folder.path() / "node";
  const RedisProcess redis({"--unixsocket", node_path});
  const SlotwayProcess slotway = listening(redis, {"unix:" + path});
  // Behind the time: "[0 unix:/path] ...".
  const auto line_of = [](TestClient monitor, TestClient client) {
    REQUIRE(monitor.text({"MONITOR"}) == "+OK");
    client.command({"ECHO", "seen"});
    const std::string line = monitor.read().text;
    return line.substr(line.find('['));
  };
  const std::string expected = line_of(redis.client(), TestClient::on_socket(node_path));
  CHECK(replaced(line_of(slotway.client(), TestClient::on_socket(path)), path, node_path) == expected);
  CHECK(expected == "[0 unix:" + node_path + "] \"ECHO\" \"seen\"");
}

}  // namespace slotway::integration
