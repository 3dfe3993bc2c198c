#pragma once

#include <filesystem>
#include <string>

namespace loadstar::http::test {

/// A certificate and its key, as PEM text.
struct Certificate {
  std::string certificate;
  std::string key;
};

/// What make_certificate() puts into a certificate.
struct CertificateRequest {
  std::string common_name;
  std::string
      alternative_names;  ///< OpenSSL's notation: "DNS:localhost,IP:127.0.0.1"; may be empty
  bool authority = false;
  bool expired = false;
  const Certificate* issuer = nullptr;  ///< null: signed by itself
};

/// A certificate over a fresh EC key, made by OpenSSL; valid for an hour around now.
[[nodiscard]] Certificate make_certificate(const CertificateRequest& request);

/// A directory that is removed at the end, for PEM files.
class PemDirectory {
 public:
  PemDirectory();
  PemDirectory(const PemDirectory&) = delete;
  PemDirectory& operator=(const PemDirectory&) = delete;
  ~PemDirectory();

  /// Writes `text` to a new file called `name`; returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace loadstar::http::test
