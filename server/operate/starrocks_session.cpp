#include "server/operate/starrocks_session.hpp"

namespace loadstar::server {

StarrocksSession::StarrocksSession(const config::Options& options)
    : metrics_(registry_, options.core.starrocks.name, 0),
      query_timeout_(options.core.starrocks.query_timeout) {
  auto pool = http::Pool::create(threads_.executor(), options.core.pool);
  if (pool.has_error()) {
    error_ = "starrocks.tls: " + describe(pool.error());
    return;
  }
  pool_ = std::move(*pool);
  // The seed spreads the choice of the frontend; for a few questions any will do.
  client_ =
      std::make_unique<starrocks::Client>(options.core.starrocks, *pool_, metrics_, Logger(), 1);
}

StarrocksSession::~StarrocksSession() {
  if (pool_) threads_.wait(pool_->stop());
  threads_.join();
}

}  // namespace loadstar::server
