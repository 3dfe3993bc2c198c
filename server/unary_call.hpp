#pragma once

#include "core/base/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace loadstar::server {

namespace asio = boost::asio;

/// When to answer, for the deadline that the client gave the call: a tenth of its time before it,
/// at most 200 ms, so that the client gets our answer and not its own DEADLINE_EXCEEDED, which says
/// nothing. On our clock; kNever if it gave none. Called in the service method, while the context
/// is sure to live.
[[nodiscard]] inline Deadline deadline_of(const grpc::CallbackServerContext& context) {
  const auto at = context.deadline();
  if (at == std::chrono::system_clock::time_point::max()) return kNever;
  const auto left = at - std::chrono::system_clock::now();
  // Far deadlines would overflow the sum; a day is for ever to a call.
  if (left > std::chrono::hours(24)) return kNever;
  const auto until = std::chrono::duration_cast<Clock::duration>(left);
  return Clock::now() + until -
         std::min<Clock::duration>(until / 10, std::chrono::milliseconds(200));
}

/// Answers one unary call by a coroutine on a strand over `executor` (style-anchors.md 2.8).
/// Request and response, which `body` may refer to, live until the reactor is finished, that is
/// until the coroutine has ended: a client that goes away does not end it. An exception is our own
/// mistake and becomes INTERNAL.
inline grpc::ServerUnaryReactor* start_unary(const asio::any_io_executor& executor,
                                             grpc::CallbackServerContext& context,
                                             asio::awaitable<grpc::Status> body) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  auto on_exit = [reactor](const std::exception_ptr& failure, grpc::Status status) {
    if (failure) status = grpc::Status(grpc::StatusCode::INTERNAL, "internal error");
    reactor->Finish(std::move(status));
  };
  asio::co_spawn(asio::make_strand(executor), std::move(body), std::move(on_exit));
  return reactor;
}

}  // namespace loadstar::server
