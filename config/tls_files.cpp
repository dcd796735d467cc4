#include "config/tls_files.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "config/text_file.hpp"

namespace slotway::config {
namespace {

constexpr std::size_t kLargestPem = 1 << 20;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::unique_ptr<BIO, Free> open(const std::string& text) {
  return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::unique_ptr<X509, Free> first_certificate(const std::string& pem) {
  const auto text = open(pem);
  std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

// Nobody is there to type the password of an encrypted one.
int no_password(char*, int, int, void*) { return 0; }

}  // namespace

Parsed<std::string> read_pem_file(const std::string& path) {
  auto content = read_text_file(path, kLargestPem);
  if (const auto* failure = std::get_if<ReadFailure>(&content)) {
    return Complaint{"cannot read " + quoted(path, path.size()) + ": " + failure->reason,
                     "check the path, and that Slotway's user may read it", failure->is_missing};
  }
  return std::get<std::string>(std::move(content));
}

std::optional<TlsComplaint> check_tls(const TlsConfig& config) {
  const auto certificate = first_certificate(config.cert);
  if (!certificate) {
    return TlsComplaint{"tls_cert_file",
                        {"holds no certificate in PEM",
                         "write the server's certificate, and behind it those that vouch for it"}};
  }
  const auto text = open(config.key);
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(text.get(), nullptr, &no_password, nullptr));
  ERR_clear_error();
  if (!key) {
    return TlsComplaint{"tls_key_file",
                        {"holds no private key in PEM that can be read without a password",
                         "write the key that belongs to the certificate"}};
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return TlsComplaint{"tls_key_file",
                        {"is not the key of the certificate in tls_cert_file", "give both of one pair"}};
  }
  if (!config.ca_file.empty() && !first_certificate(config.ca)) {
    return TlsComplaint{"tls_ca_file",
                        {"holds no certificate in PEM", "write those whose clients may connect"}};
  }
  return std::nullopt;
}

}  // namespace slotway::config
