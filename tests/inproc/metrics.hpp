// The proxy's /metrics, as a scraper sees them. Owner: a test case. Thread: the test's.
#pragma once

#include <string>

#include "tests/inproc/scene.hpp"
#include "tests/kit/free_port.hpp"

namespace slotway::inproc {

struct Metrics {
  std::uint16_t port = kit::free_port();

  void serve(config::Config& config) const { config.admin = config::HostPort{"127.0.0.1", port}; }
  Scene::Adjust adjust(std::chrono::milliseconds request_timeout = 15s) const {
    return [this, request_timeout](config::Config& config) {
      serve(config);
      config.timeouts.request = request_timeout;
      never_refresh(config);
    };
  }
  // The sample's value; -1 if there is none.
  int value(const std::string& sample) const {
    const std::string text = scrape();
    const std::size_t at = text.find("\n" + sample + " ");
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + sample.size() + 2));
  }
  std::string scrape() const {
    TestClient client(port, kit::kPatience);
    client.send_raw("GET /metrics HTTP/1.0\r\n\r\n");
    return client.read_until_closed();
  }
};

}  // namespace slotway::inproc
