// Preloaded into a program, counts its heap allocations per thread, so that bench/allocations can say how
// many a request costs: the malloc family and every form of operator new. The latter must be caught by name:
// jemalloc has its own, which does not go through malloc. (Where operator new is built on malloc one
// allocation counts twice, which leaves none at none.) The counts stand in the file named by
// ALLOCATION_COUNTS: 64 entries {char thread_name[24]; uint64_t count}, mapped and written with relaxed
// stores, each entry by its own thread.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

struct Entry {
  char name[24];
  std::atomic<std::uint64_t> count;
};
constexpr std::size_t kEntries = 64;

Entry* g_entries = nullptr;
std::atomic<std::size_t> g_used{0};
thread_local Entry* t_entry __attribute__((tls_model("initial-exec"))) = nullptr;

__attribute__((constructor)) void open_counts() {
  const char* path = std::getenv("ALLOCATION_COUNTS");
  if (!path) return;
  const int file = ::open(path, O_RDWR);
  if (file < 0) return;
  void* memory = ::mmap(nullptr, sizeof(Entry) * kEntries, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory != MAP_FAILED) g_entries = static_cast<Entry*>(memory);
}

void count() {
  if (!g_entries) return;
  if (!t_entry) {
    const std::size_t index = g_used.fetch_add(1);
    if (index >= kEntries) return;
    t_entry = &g_entries[index];
  }
  const std::uint64_t before = t_entry->count.load(std::memory_order_relaxed);
  // A thread gets its name after its first allocations.
  if (before % 16 == 0) ::pthread_getname_np(::pthread_self(), t_entry->name, sizeof t_entry->name);
  t_entry->count.store(before + 1, std::memory_order_relaxed);
}

// The function that this library stands in front of. (dlsym allocates only if it fails: glibc 2.34 and up.)
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

using Nothrow = const std::nothrow_t&;

}  // namespace

// --- the malloc family ---

extern "C" {

void* malloc(std::size_t size) {
  static auto* real = next<void*(std::size_t)>("malloc");
  count();
  return real(size);
}

void* calloc(std::size_t number, std::size_t size) {
  static auto* real = next<void*(std::size_t, std::size_t)>("calloc");
  count();
  return real(number, size);
}

void* realloc(void* memory, std::size_t size) {
  static auto* real = next<void*(void*, std::size_t)>("realloc");
  count();
  return real(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  static auto* real = next<void*(std::size_t, std::size_t)>("aligned_alloc");
  count();
  return real(alignment, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  static auto* real = next<void*(std::size_t, std::size_t)>("memalign");
  count();
  return real(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  static auto* real = next<int(void**, std::size_t, std::size_t)>("posix_memalign");
  count();
  return real(memory, alignment, size);
}
}

// --- operator new, by its names in the Itanium C++ ABI, size_t of 64 bits ---

void* operator new(std::size_t size) {
  static auto* real = next<void*(std::size_t)>("_Znwm");
  count();
  return real(size);
}

void* operator new[](std::size_t size) {
  static auto* real = next<void*(std::size_t)>("_Znam");
  count();
  return real(size);
}

void* operator new(std::size_t size, Nothrow tag) noexcept {
  static auto* real = next<void*(std::size_t, Nothrow)>("_ZnwmRKSt9nothrow_t");
  count();
  return real(size, tag);
}

void* operator new[](std::size_t size, Nothrow tag) noexcept {
  static auto* real = next<void*(std::size_t, Nothrow)>("_ZnamRKSt9nothrow_t");
  count();
  return real(size, tag);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  static auto* real = next<void*(std::size_t, std::align_val_t)>("_ZnwmSt11align_val_t");
  count();
  return real(size, alignment);
}

void* operator new[](std::size_t size, std::align_val_t alignment) {
  static auto* real = next<void*(std::size_t, std::align_val_t)>("_ZnamSt11align_val_t");
  count();
  return real(size, alignment);
}

void* operator new(std::size_t size, std::align_val_t alignment, Nothrow tag) noexcept {
  static auto* real =
      next<void*(std::size_t, std::align_val_t, Nothrow)>("_ZnwmSt11align_val_tRKSt9nothrow_t");
  count();
  return real(size, alignment, tag);
}

void* operator new[](std::size_t size, std::align_val_t alignment, Nothrow tag) noexcept {
  static auto* real =
      next<void*(std::size_t, std::align_val_t, Nothrow)>("_ZnamSt11align_val_tRKSt9nothrow_t");
  count();
  return real(size, alignment, tag);
}
