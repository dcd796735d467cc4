// The certificates and keys of listeners with TLS: read when the configuration is, so that a bad one is a
// problem of the configuration, and one that was renewed is a change of it. Owner: config_loader. Thread:
// any. Invariant: no text of a complaint holds a key.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/problem.hpp"
#include "config/units.hpp"

namespace slotway::config {

// The whole text; whether it is good check_tls() tells.
Parsed<std::string> read_pem_file(const std::string& path);

struct TlsComplaint {
  const char* option;  // whose file is to blame: "tls_cert_file"
  Complaint complaint;
};

// Of texts that were read. nullopt: a listener can use them.
std::optional<TlsComplaint> check_tls(const TlsConfig& config);

}  // namespace slotway::config
