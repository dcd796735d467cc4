#include "config/tls_files.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

// A folder with two pairs, a.crt and a.key, b.crt and b.key.
struct Pairs {
  ConfigFolder folder;

  Pairs() {
    for (const std::string name : {"a", "b"}) {
      const std::string at = folder.path(name);
      const std::string command =
          "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
          "-subj /CN=x -keyout " +
          at + ".key -out " + at + ".crt 2>/dev/null";
      REQUIRE(std::system(command.c_str()) == 0);
    }
    folder.write("empty", "");
  }
  std::string at(const std::string& name) const { return folder.path(name); }
};

TEST_CASE("a certificate and its key are read with the configuration") {
  const Pairs pairs;
  const LoadResult result =
      pairs.folder.load({"--upstream", "a:1", "--tls-cert-file", pairs.at("a.crt"), "--tls-key-file",
                         pairs.at("a.key"), "--tls-ca-file", pairs.at("b.crt")});
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.config);
  CHECK(result.config->client.tls.is_on());
  CHECK(result.config->client.tls.cert.starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(result.config->client.tls.key.starts_with("-----BEGIN"));
  CHECK(result.files == Texts{pairs.at("a.crt"), pairs.at("a.key"), pairs.at("b.crt")});
}

TEST_CASE("what is wrong with a certificate or a key is told") {
  const Pairs pairs;
  struct Row {
    Texts flags;
    Texts problems;
  };
  const Row rows[] = {
      {{"--tls-cert-file", "a.crt"}, {"--tls-cert-file: is set without tls_key_file; set tls_key_file too"}},
      {{"--tls-key-file", "a.key"}, {"--tls-key-file: is set without tls_cert_file; set tls_cert_file too"}},
      {{"--tls-ca-file", "a.crt"}, {"--tls-ca-file: is set without tls_cert_file; set tls_cert_file too"}},
      {{"--tls-cert-file", "a.crt", "--tls-key-file", "b.key"},
       {"--tls-key-file: is not the key of the certificate in tls_cert_file; give both of one pair"}},
      {{"--tls-cert-file", "empty", "--tls-key-file", "a.key"},
       {"--tls-cert-file: holds no certificate in PEM; write the server's certificate, and behind it those "
        "that "
        "vouch for it"}},
      {{"--tls-cert-file", "a.crt", "--tls-key-file", "empty"},
       {"--tls-key-file: holds no private key in PEM that can be read without a password; write the key that "
        "belongs "
        "to the certificate"}},
      {{"--tls-cert-file", "a.crt", "--tls-key-file", "a.key", "--tls-ca-file", "a.key"},
       {"--tls-ca-file: holds no certificate in PEM; write those whose clients may connect"}},
      {{"--tls-cert-file", "a.crt", "--tls-key-file", "none"},
       {"--tls-key-file: cannot read 'none': No such file or directory; check the path, and that Slotway's "
        "user may "
        "read it"}},
  };
  for (const Row& row : rows) {
    Texts flags{"--upstream", "a:1"};
    for (const std::string& flag : row.flags) flags.push_back(flag.starts_with("--") ? flag : pairs.at(flag));
    CHECK(pairs.folder.problems(flags) == row.problems);
  }
}

TEST_CASE("a listener has its own certificate, or that of the top level") {
  const Pairs pairs;
  const LoadResult result = pairs.folder.load(
      {"--upstream", "a:1", "--tls-cert-file", pairs.at("a.crt"), "--tls-key-file", pairs.at("a.key"),
       "--config",
       pairs.folder.write("a.yaml",
                          "listeners:\n  - {listen: 127.0.0.1:1, upstream: default}\n  - {listen: "
                          "127.0.0.1:2, upstream: default, tls_cert_file: " +
                              pairs.at("b.crt") + ", tls_key_file: " + pairs.at("b.key") + "}\n")});
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.config);
  CHECK(result.config->listeners[0].client.tls == result.config->client.tls);
  CHECK(result.config->listeners[1].client.tls.cert != result.config->client.tls.cert);
  CHECK(result.config->listeners[1].client.tls.is_on());
}

}  // namespace
}  // namespace slotway::config
