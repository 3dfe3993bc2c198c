#include "config/server_certificate.hpp"

#include "config/problem.hpp"
#include "config/surroundings.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

namespace loadstar::config {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<SSL_CTX, Free>;
using Chain = std::vector<Certificate>;

constexpr std::size_t kMaxPemFile = 4U << 20U;
constexpr std::string_view kBegin = "-----BEGIN ";

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// OpenSSL's reason for the last failure; its queue is empty afterwards.
std::string take_reason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason == nullptr ? "unknown reason" : reason;
  ERR_clear_error();
  return text;
}

std::size_t count_blocks(std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') ++count;
  }
  return count;
}

/// OpenSSL asks here for the passphrase of an encrypted key; without this it would ask at the
/// terminal. `asked` is a bool.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Parsed<std::string> read_pem(const std::string& path) {
  auto content = read_small_file(path, kMaxPemFile);
  if (!content.ok()) return Parsed<std::string>::refused(content.error());
  if (content.value().empty()) return Parsed<std::string>::refused("is empty");
  return content;
}

/// All certificates of `text`; empty with `problem` if there is none, or one that does not parse.
Chain parse_chain(const std::string& text, std::string& problem) {
  Chain chain;
  const Bio file = reader(text);
  std::size_t blocks = 0;
  for (;;) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(file.get(), &name, &header, &data, &size) != 1) break;
    ++blocks;
    const std::string_view kind = name;
    const bool wanted = kind == PEM_STRING_X509 || kind == PEM_STRING_X509_OLD;
    const unsigned char* at = data;
    Certificate certificate(wanted ? d2i_X509(nullptr, &at, size) : nullptr);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));  // it may be a key
    if (!wanted) continue;
    if (!certificate) {
      problem = "holds a certificate, number " + std::to_string(chain.size() + 1) +
                ", that cannot be parsed: " + take_reason();
      return {};
    }
    chain.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_reason();
  if (!at_end) {
    problem = "is damaged, or not complete: " + reason;
  } else if (blocks != count_blocks(text)) {
    // The file ends within the first line of a block.
    problem = "is damaged, or not complete: bad start line";
  } else if (chain.empty()) {
    problem = "holds no certificate in PEM";
  }
  if (!problem.empty()) chain.clear();
  return chain;
}

Key parse_key(const std::string& text, std::string& problem) {
  bool asked = false;
  const Bio file = reader(text);
  Key key(PEM_read_bio_PrivateKey(file.get(), nullptr, &no_passphrase, &asked));
  const std::string reason = take_reason();
  if (asked) {
    problem = "is encrypted; there is no option for its passphrase";
  } else if (!key && text.find("PRIVATE KEY-----") == std::string::npos) {
    problem = "holds no private key in PEM";
  } else if (!key) {
    problem = "holds a private key that cannot be parsed: " + reason;
  }
  return problem.empty() ? std::move(key) : nullptr;
}

/// What OpenSSL has against serving them, as gRPC will; empty if nothing.
std::string refusal(const Chain& chain, EVP_PKEY* key) {
  const Context context(SSL_CTX_new(TLS_server_method()));
  bool taken = SSL_CTX_use_certificate(context.get(), chain.front().get()) == 1;
  for (std::size_t i = 1; taken && i < chain.size(); ++i) {
    taken = SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) == 1;
  }
  taken = taken && SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  return taken ? std::string() : take_reason();
}

std::chrono::system_clock::time_point first_end(const Chain& chain) {
  using SystemClock = std::chrono::system_clock;
  // "No end" is written as the year 9999, which this clock does not reach.
  const std::time_t latest = SystemClock::to_time_t(SystemClock::time_point::max());
  std::time_t first = latest;
  for (const Certificate& certificate : chain) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) continue;
    first = std::min(first, ::timegm(&parts));
  }
  return SystemClock::from_time_t(first);
}

std::string subject_of(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  return text_of(out);
}

std::string pem_of(const Chain& chain, EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (key != nullptr) {
    PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  }
  for (const Certificate& certificate : chain) PEM_write_bio_X509(out.get(), certificate.get());
  return text_of(out);
}

}  // namespace

std::optional<ServerCertificate> read_server_certificate(
    const ServerTlsOptions& options, std::vector<CertificateProblem>& problems) {
  ERR_clear_error();
  const auto refuse = [&problems](const char* key, const std::string& path,
                                  const std::string& message) {
    problems.push_back({key, quote(path) + " " + message});
  };
  Chain chain;
  Key key;
  Chain client_ca;
  const auto read = [&refuse](const char* option, const std::string& path, auto parse, auto& into) {
    if (path.empty()) return;
    const auto content = read_pem(path);
    std::string problem = content.error();
    if (content.ok()) into = parse(content.value(), problem);
    if (!problem.empty()) refuse(option, path, problem);
  };
  read("listen.tls.cert_file", options.cert_file, &parse_chain, chain);
  read("listen.tls.key_file", options.key_file, &parse_key, key);
  read("listen.tls.client_ca_file", options.client_ca_file, &parse_chain, client_ca);
  const bool readable = !chain.empty() && key != nullptr;
  if (readable && X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    refuse("listen.tls.key_file", options.key_file,
           "is not the key of the first certificate in " + quote(options.cert_file));
  } else if (readable) {
    const std::string reason = refusal(chain, key.get());
    if (!reason.empty()) {
      refuse("listen.tls.cert_file", options.cert_file, "is refused by OpenSSL: " + reason);
    }
  }
  if (!readable || !problems.empty()) return std::nullopt;
  ServerCertificate result;
  result.key_and_chain = pem_of(chain, key.get());
  result.client_ca = pem_of(client_ca, nullptr);
  result.subject = subject_of(chain.front().get());
  result.end = first_end(chain);
  return result;
}

}  // namespace loadstar::config
