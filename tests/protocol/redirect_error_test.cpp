#include "protocol/redirect_error.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace slotway::protocol;

namespace {

struct Row {
  std::string_view reply;
  RedirectKind kind;
  std::uint16_t slot = 0;
  std::string_view host = {};
  std::uint16_t port = 0;
};

const Row kRedirects[] = {
    {"-MOVED 3999 127.0.0.1:6381\r\n", RedirectKind::moved, 3999, "127.0.0.1", 6381},
    {"-MOVED 0 redis-0.redis.svc:6379\r\n", RedirectKind::moved, 0, "redis-0.redis.svc", 6379},
    {"-MOVED 16383 :6379\r\n", RedirectKind::moved, 16383, "", 6379},
    {"-MOVED 1 ?:6379\r\n", RedirectKind::moved, 1, "?", 6379},
    {"-MOVED 1 ::1:6379\r\n", RedirectKind::moved, 1, "::1", 6379},
    {"-ASK 3999 127.0.0.1:65535\r\n", RedirectKind::ask, 3999, "127.0.0.1", 65535},
    {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", RedirectKind::tryagain},
    {"-CLUSTERDOWN Hash slot not served\r\n", RedirectKind::clusterdown},
    {"-CLUSTERDOWN The cluster is down\r\n", RedirectKind::clusterdown},
    {"-LOADING Redis is loading the dataset in memory\r\n", RedirectKind::loading},
    {"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
     RedirectKind::masterdown},
    {"-READONLY You can't write against a read only replica.\r\n", RedirectKind::readonly},
    {"-LOADING\r\n", RedirectKind::loading},
};

}  // namespace

TEST_CASE("Redirects are taken apart") {
  for (const Row& row : kRedirects) {
    CAPTURE(row.reply);
    const RedirectError error = parse_redirect(row.reply);
    CHECK(error.kind == row.kind);
    CHECK(error.slot == row.slot);
    CHECK(error.host == row.host);
    CHECK(error.port == row.port);
  }
}

TEST_CASE("Whatever is no redirect, or a malformed one, is the client's") {
  const std::string_view replies[] = {
      "-ERR unknown command 'x'\r\n",
      "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
      "-moved 1 a:1\r\n",
      "-MOVEDX 1 a:1\r\n",
      "-MOVED\r\n",
      "-MOVED \r\n",
      "-MOVED 1\r\n",
      "-MOVED 1 a\r\n",
      "-MOVED 1 a:\r\n",
      "-MOVED 1 a:0\r\n",
      "-MOVED 1 a:65536\r\n",
      "-MOVED 1 a:-1\r\n",
      "-MOVED 1 a:1x\r\n",
      "-MOVED 1 a:1 b\r\n",
      "-MOVED 16384 a:1\r\n",
      "-MOVED -1 a:1\r\n",
      "-MOVED  1 a:1\r\n",
      "-MOVED 99999999999 a:1\r\n",
      "-ASK x a:1\r\n",
      "+MOVED 1 a:1\r\n",
      "-MOVED 1 a:1",
      "-\r\n",
      "\r\n",
      "-",
      "",
  };
  for (const std::string_view reply : replies) {
    CAPTURE(reply);
    const RedirectError error = parse_redirect(reply);
    CHECK(error.kind == RedirectKind::count_);
    CHECK(error.slot == 0);
    CHECK(error.host.empty());
    CHECK(error.port == 0);
  }
}

TEST_CASE("A redirect that is cut anywhere is none of those with a target") {
  const std::string whole = "-MOVED 3999 127.0.0.1:6381\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(parse_redirect(std::string_view{whole}.substr(0, size)).kind == RedirectKind::count_);
  }
}

TEST_CASE("Each kind has a name of its own") {
  CHECK(redirect_name(RedirectKind::moved) == "moved");
  CHECK(redirect_name(RedirectKind::ask) == "ask");
  CHECK(redirect_name(RedirectKind::tryagain) == "tryagain");
  CHECK(redirect_name(RedirectKind::clusterdown) == "clusterdown");
  CHECK(redirect_name(RedirectKind::loading) == "loading");
  CHECK(redirect_name(RedirectKind::masterdown) == "masterdown");
  CHECK(redirect_name(RedirectKind::readonly) == "readonly");
  CHECK(redirect_name(RedirectKind::count_) == "none");
}

TEST_CASE("A server's own refusals are known word for word") {
  const std::string_view refusals[] = {
      "TRYAGAIN Multiple keys request during rehashing of slot",
      "CLUSTERDOWN The cluster is down",
      "CLUSTERDOWN The cluster is down and only accepts read commands",
      "CLUSTERDOWN Hash slot not served",
      "LOADING Redis is loading the dataset in memory",
      "LOADING Valkey is loading the dataset in memory",
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag "
      "is "
      "not set on the script.",
      "READONLY You can't write against a read only replica.",
      "READONLY Can not run script with write flag on readonly replica",
  };
  for (const std::string_view text : refusals) {
    CAPTURE(text);
    const std::string line(text);
    CHECK(is_refusal("-" + line + "\r\n"));
    CHECK(parse_redirect("-" + line + "\r\n").kind != RedirectKind::count_);
    CHECK_FALSE(is_refusal("-" + line + " \r\n"));
    CHECK_FALSE(is_refusal("-" + line.substr(0, line.size() - 1) + "\r\n"));
    CHECK_FALSE(is_refusal("+" + line + "\r\n"));
    CHECK_FALSE(is_refusal("-" + line));
  }
  for (const std::string_view reply :
       {"-TRYAGAIN busy\r\n", "-MOVED 1 127.0.0.1:1\r\n", "-ERR no\r\n", "-\r\n", ""}) {
    CAPTURE(reply);
    CHECK_FALSE(is_refusal(reply));
  }
}

TEST_CASE("A server that takes no more clients is known by its first bytes") {
  CHECK(is_client_limit("-ERR max number of clients reached\r\n"));
  CHECK(is_client_limit("-ERR max number of clients + cluster connections reached\r\n"));
  CHECK_FALSE(is_client_limit("-ERR max number of client"));
  CHECK_FALSE(is_client_limit("+ERR max number of clients reached\r\n"));
  CHECK_FALSE(is_client_limit("-ERR unknown command\r\n"));
  CHECK_FALSE(is_client_limit(""));
}
