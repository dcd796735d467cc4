// The admin port: HTTP/1.1 for /metrics, /healthz, /readyz, /topology and an index, GET and HEAD only; POST
// /drain. Owner: the control plane. Thread: control; every member, the destructor too. Invariant: after
// stop() no socket is open and no hook is called again; what is left of a connection ends by itself on the
// io_context and holds what it needs. A slow or silent peer costs one of `max_connections` for `timeout` at
// most.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "proxy/observe/control_facts.hpp"
#include "proxy/observe/counters.hpp"
#include "proxy/observe/worker_status.hpp"

namespace slotway::proxy {

using WorkerStatuses = std::optional<std::vector<WorkerStatus>>;

// What the pages are made of, asked at each request, and what they do.
struct AdminHooks {
  // Asks every worker and waits for the answers, within a bound of its own; nullopt = a loop did not answer
  // in time. The callable may capture; the coroutine that it starts must not be a lambda with captures, for
  // those die first.
  std::function<boost::asio::awaitable<WorkerStatuses>()> worker_statuses;
  std::function<ControlFacts()> facts;
  // Begins to drain, and returns at once. The end may not come before the caller has returned to the loop.
  std::function<void()> drain;
  std::vector<const WorkerCounters*> counters;  // one a worker; they outlive the io_context's run
};

struct AdminOptions {
  std::size_t max_connections = 64;
  std::uint32_t max_header_bytes = 8192;
  std::chrono::milliseconds timeout{
      10000};  // for a request to arrive, idle time included, and for a reply to leave
};

class AdminHttp {
 public:
  // Listens on `address` (port 0 = any). Throws std::runtime_error: what failed, where, and what to do about
  // it.
  AdminHttp(boost::asio::io_context& io, const config::HostPort& address, AdminHooks hooks,
            AdminOptions options = {});
  ~AdminHttp();
  AdminHttp(const AdminHttp&) = delete;
  AdminHttp& operator=(const AdminHttp&) = delete;

  std::uint16_t port() const;
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace slotway::proxy
