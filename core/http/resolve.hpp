#pragma once

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <vector>

namespace loadstar::http {

/// Addresses of one name that are tried (delivery-and-faults.md 5.2, T34).
inline constexpr std::size_t kMaxAddresses = 8;

/// The addresses of `endpoint` in the order of the resolver; a literal address is itself. Ends at
/// the deadline although getaddrinfo() cannot be interrupted; its late answer is dropped.
///
/// kConnectFailed or kCancelled, kNotApplied. Runs on the caller's executor, which is a strand (or
/// has one thread): the answer of the resolver comes on it as well.
boost::asio::awaitable<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(
    Endpoint endpoint, Deadline deadline);

}  // namespace loadstar::http
