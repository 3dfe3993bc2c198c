#include "core/http/tls.hpp"

#include <openssl/ssl.h>

namespace loadstar::http {
namespace {

namespace ssl = boost::asio::ssl;

Error unusable(const std::string& what, const boost::system::error_code& ec) {
  return Error{Errc::kConnectFailed, Certainty::kNotApplied, "TLS: " + what + ": " + ec.message()};
}

}  // namespace

Result<ssl::context> make_tls_context(const TlsOptions& options) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  boost::system::error_code ec;
  if (options.insecure_skip_verify) {
    context.set_verify_mode(ssl::verify_none, ec);
  } else if (options.ca_file.empty()) {
    context.set_verify_mode(ssl::verify_peer, ec);
    context.set_default_verify_paths(ec);
    if (ec) return unusable("system certificate store", ec);
  } else {
    context.set_verify_mode(ssl::verify_peer, ec);
    context.load_verify_file(options.ca_file, ec);
    if (ec) return unusable("ca_file " + options.ca_file, ec);
  }
  if (!options.cert_file.empty()) {
    context.use_certificate_chain_file(options.cert_file, ec);
    if (ec) return unusable("cert_file " + options.cert_file, ec);
    context.use_private_key_file(options.key_file, ssl::context::pem, ec);
    if (ec) return unusable("key_file " + options.key_file, ec);
  }
  return context;
}

}  // namespace loadstar::http
