// A coroutine of the control thread. Owner: whoever awaits it, or the loop once it is launched. Thread:
// control.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <utility>

namespace slotway::proxy {

template <typename T>
using Task = boost::asio::awaitable<T, boost::asio::io_context::executor_type>;

// It runs by itself from the next turn of the loop on, and must keep alive what it needs. Nothing in it
// throws but on lack of memory, which ends the loop.
inline void launch(boost::asio::io_context& io, Task<void> task) {
  boost::asio::co_spawn(io.get_executor(), std::move(task), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace slotway::proxy
