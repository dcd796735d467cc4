// Preloaded into slotway by a test: looking up the name hangs.invalid never ends, as with a name server that
// does not answer; other names are looked up as always.
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <cstring>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  while (node != nullptr && std::strcmp(node, "hangs.invalid") == 0) ::pause();
  using Function = int(const char*, const char*, const addrinfo*, addrinfo**);
  static auto* real = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}
