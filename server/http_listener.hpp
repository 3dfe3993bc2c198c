#pragma once

#include "config/options.hpp"
#include "server/admin_pages.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

namespace loadstar::server {

/// One HTTP/1.1 listener of the admin doors: bounded in connections, sizes and times, so that no
/// client can hold it (delivery-and-faults.md 5.2): where all places are taken, the connection
/// whose peer was silent longest gives up its own. Requests with a body, and bytes that are no
/// HTTP, get 400 or are cut off.
///
/// Confined to: a strand over the executor given to listen().
class HttpListener {
 public:
  /// What answers; called on the listener's strand.
  using Handler = std::function<asio::awaitable<AdminReply>(AdminRequest)>;

  /// Binds at once; nullptr with `error` if that is not possible.
  [[nodiscard]] static std::unique_ptr<HttpListener> listen(const asio::any_io_executor& executor,
                                                            const config::ListenAddress& address,
                                                            Handler handler, std::string& error);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  /// stop() must have ended.
  ~HttpListener();

  /// Where it listens, with the port that was chosen for port 0.
  [[nodiscard]] const config::ListenAddress& address() const;

  /// Closes the listener and its connections, and waits for them. Called once, on any executor.
  asio::awaitable<void> stop();

 private:
  class Impl;
  explicit HttpListener(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace loadstar::server
