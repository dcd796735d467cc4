#include "proxy/client/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <algorithm>
#include <climits>
#include <stdexcept>

namespace slotway::proxy {

namespace {

constexpr int kMaxVectors = 64;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Text = std::unique_ptr<BIO, FreeBio>;

Text open(const std::string& text) {
  return Text(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

[[noreturn]] void refuse(const char* what) {
  char reason[256];
  ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
  throw std::runtime_error(std::string(what) + ": " + reason);
}

// The server's own certificate first, then those that vouch for it.
void use_certificates(SSL_CTX* context, const std::string& pem) {
  const Text text = open(pem);
  X509* own = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr);
  if (!own || SSL_CTX_use_certificate(context, own) != 1) {
    X509_free(own);
    refuse("tls_cert_file");
  }
  X509_free(own);
  while (X509* other = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, other) != 1) refuse("tls_cert_file");
  }
  ERR_clear_error();  // the end of the file
}

void use_key(SSL_CTX* context, const std::string& pem) {
  const Text text = open(pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr);
  const bool is_good = key && SSL_CTX_use_PrivateKey(context, key) == 1;
  EVP_PKEY_free(key);
  if (!is_good || SSL_CTX_check_private_key(context) != 1) refuse("tls_key_file");
}

// Clients must have a certificate of one of these.
void demand_certificates(SSL_CTX* context, const std::string& pem) {
  const Text text = open(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (X509* authority = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    const bool is_good =
        X509_STORE_add_cert(store, authority) == 1 && SSL_CTX_add_client_CA(context, authority) == 1;
    X509_free(authority);
    if (!is_good) refuse("tls_ca_file");
    ++count;
  }
  if (count == 0) refuse("tls_ca_file");
  ERR_clear_error();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

}  // namespace

TlsContext::TlsContext(const config::TlsConfig& config) : context_(SSL_CTX_new(TLS_server_method())) {
  if (!context_) refuse("TLS");
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // The queue's blocks may be others at the next try; an idle client holds no buffers.
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  static constexpr unsigned char kSessions[] = "slotway";
  SSL_CTX_set_session_id_context(context_, kSessions, sizeof kSessions - 1);
  try {
    use_certificates(context_, config.cert);
    use_key(context_, config.key);
    if (!config.ca.empty()) demand_certificates(context_, config.ca);
  } catch (...) {
    SSL_CTX_free(context_);
    throw;
  }
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<TlsStream> TlsContext::accept(int socket) const {
  return std::make_unique<TlsStream>(context_, socket);
}

TlsStream::TlsStream(ssl_ctx_st* context, int socket) : stream_(SSL_new(context)) {
  is_broken_ = !stream_ || SSL_set_fd(stream_, socket) != 1;
  if (stream_) SSL_set_accept_state(stream_);
}

TlsStream::~TlsStream() { SSL_free(stream_); }

// The error queue is the thread's: what another stream has left in it would be taken for this one's.
IoResult TlsStream::read(std::span<char> buffer) {
  if (is_broken_) return {IoStatus::failed, 0};
  ERR_clear_error();
  const int wanted = static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX));
  const int code = SSL_read(stream_, buffer.data(), wanted);
  wants_write_ = false;
  if (code > 0) return {IoStatus::ok, static_cast<std::size_t>(code)};
  return result_of(code);
}

IoResult TlsStream::write(const protocol::ByteQueue& queue) {
  if (is_broken_) return {IoStatus::failed, 0};
  iovec vectors[kMaxVectors];
  const int count = queue.gather(vectors, kMaxVectors);
  std::size_t written = 0;
  for (int i = 0; i < count; ++i) {
    for (std::size_t done = 0; done < vectors[i].iov_len;) {
      ERR_clear_error();
      const int offered = static_cast<int>(std::min<std::size_t>(vectors[i].iov_len - done, INT_MAX));
      const int code = SSL_write(stream_, static_cast<const char*>(vectors[i].iov_base) + done, offered);
      if (code <= 0) {
        const IoResult result = result_of(code);
        return {result.status == IoStatus::closed ? IoStatus::failed : result.status, written};
      }
      done += static_cast<std::size_t>(code);
      written += static_cast<std::size_t>(code);
    }
  }
  return {IoStatus::ok, written};
}

IoResult TlsStream::result_of(int code) {
  switch (SSL_get_error(stream_, code)) {
    case SSL_ERROR_WANT_READ: return {IoStatus::would_block, 0};
    case SSL_ERROR_WANT_WRITE: wants_write_ = true; return {IoStatus::would_block, 0};
    case SSL_ERROR_ZERO_RETURN: return {IoStatus::closed, 0};
    default: break;
  }
  is_broken_ = true;
  return {IoStatus::failed, 0};
}

bool TlsStream::has_pending() const { return !is_broken_ && SSL_has_pending(stream_) == 1; }

void TlsStream::close() {
  if (is_broken_ || !SSL_is_init_finished(stream_)) return;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(stream_));
}

}  // namespace slotway::proxy
