#include "tests/kit/fake_names.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <map>
#include <mutex>

namespace slotway::kit {
namespace {

struct Name {
  std::vector<std::string> addresses;
  std::size_t lookups = 0;
};

std::mutex mutex;  // guards names
std::map<std::string, Name>& names() {
  static std::map<std::string, Name> all;
  return all;
}

// The name's addresses, counted as a look-up; false: it is not ours.
bool look_up(const char* node, std::vector<std::string>& addresses) {
  const std::lock_guard lock(mutex);
  const auto found = node ? names().find(node) : names().end();
  if (found == names().end()) return false;
  ++found->second.lookups;
  addresses = found->second.addresses;
  return true;
}

using Lookup = int(const char*, const char*, const addrinfo*, addrinfo**);

int system_lookup(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static auto* const real = reinterpret_cast<Lookup*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

}  // namespace

FakeNames::FakeNames() = default;

FakeNames::~FakeNames() {
  const std::lock_guard lock(mutex);
  names().clear();
}

void FakeNames::set(const std::string& name, const std::vector<std::string>& addresses) {
  const std::lock_guard lock(mutex);
  names()[name].addresses = addresses;
}

std::size_t FakeNames::lookups(const std::string& name) const {
  const std::lock_guard lock(mutex);
  return names()[name].lookups;
}

}  // namespace slotway::kit

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  std::vector<std::string> addresses;
  if (!slotway::kit::look_up(node, addresses))
    return slotway::kit::system_lookup(node, service, hints, result);
  *result = nullptr;
  addrinfo** end = result;
  // freeaddrinfo frees a chain of several results as it does one's.
  for (const std::string& address : addresses) {
    if (slotway::kit::system_lookup(address.c_str(), service, hints, end) != 0) continue;
    while (*end) end = &(*end)->ai_next;
  }
  return *result ? 0 : EAI_NONAME;
}
