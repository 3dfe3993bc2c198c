#include "core/http/resolve.hpp"

#include "core/http/cancellation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace loadstar::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

Error failed(Errc code, const Endpoint& endpoint, const std::string& why) {
  return Error{code, Certainty::kNotApplied, "resolving " + endpoint.host + ": " + why};
}

/// Shared with the handler of a lookup that may come after we have stopped waiting.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor, Deadline deadline)
      : resolver(executor), answered(executor, deadline) {}

  tcp::resolver resolver;
  Timer answered;  // condition variable, and the deadline
  bool done = false;
  boost::system::error_code error;
  std::vector<tcp::endpoint> endpoints;
};

void take(Lookup& lookup, const boost::system::error_code& ec,
          const tcp::resolver::results_type& results) {
  lookup.done = true;
  lookup.error = ec;
  for (const auto& entry : results) {
    if (lookup.endpoints.size() == kMaxAddresses) break;
    lookup.endpoints.push_back(entry.endpoint());
  }
  lookup.answered.cancel();
}

}  // namespace

asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(Endpoint endpoint, Deadline deadline) {
  boost::system::error_code not_literal;
  const auto address = asio::ip::make_address(endpoint.host, not_literal);
  if (!not_literal) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, endpoint.port)};

  auto executor = co_await asio::this_coro::executor;
  const auto lookup = std::make_shared<Lookup>(executor, deadline);
  auto on_answer = [lookup](const boost::system::error_code& ec,
                            const tcp::resolver::results_type& results) {
    take(*lookup, ec, results);
  };
  lookup->resolver.async_resolve(endpoint.host, std::to_string(endpoint.port),
                                 tcp::resolver::numeric_service,
                                 asio::bind_executor(executor, std::move(on_answer)));
  auto [ec] = co_await lookup->answered.async_wait(asio::as_tuple(asio::use_awaitable));
  static_cast<void>(ec);
  const bool cancelled = co_await is_cancelled();
  if (!lookup->done && cancelled) co_return failed(Errc::kCancelled, endpoint, "cancelled");
  if (!lookup->done) co_return failed(Errc::kConnectFailed, endpoint, "no answer in time");
  if (lookup->error) co_return failed(Errc::kConnectFailed, endpoint, lookup->error.message());
  if (lookup->endpoints.empty()) co_return failed(Errc::kConnectFailed, endpoint, "no address");
  co_return std::move(lookup->endpoints);
}

}  // namespace loadstar::http
