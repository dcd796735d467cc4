// Objects with stable addresses, named by handles {index, generation}: a handle whose object has gone finds
// nothing. Owner: a Worker. Thread: worker. Invariants: freed places are reused last-in first-out; no
// allocation once the slab has grown to the load's peak; a place's generation is what the handle of its
// object says, and that of no earlier one.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace slotway::proxy {

struct Handle {
  std::uint32_t index = 0xFFFFFFFF;
  std::uint32_t generation = 0;

  bool is_null() const { return index == 0xFFFFFFFF; }
  // The same as one number.
  std::uint64_t packed() const { return (std::uint64_t{generation} << 32) | index; }
  static Handle unpacked(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
  }
  friend bool operator==(const Handle&, const Handle&) = default;
};

// `Alignment` is that of a place, which is a generation and an object; 1 = as they need it.
template <class T, std::size_t Alignment = 1>
class Slab {
 public:
  Slab() = default;
  ~Slab() {
    for (std::uint32_t i = 0; i < used_; ++i) {
      if (entry(i).is_live()) entry(i).object()->~T();
    }
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  template <class... Args>
  Handle emplace(Args&&... args) {
    const std::uint32_t index = take_place();
    Entry& e = entry(index);
    if constexpr (sizeof...(Args) == 0) {
      new (e.storage) T;  // not T(): that would clear members that need no value first
    } else {
      new (e.storage) T(std::forward<Args>(args)...);
    }
    e.next_free = kLive;
    ++size_;
    return {index, e.generation};
  }

  // nullptr if the object has gone.
  T* find(Handle handle) {
    if (handle.index >= used_) return nullptr;
    Entry& e = entry(handle.index);
    return e.generation == handle.generation ? e.object() : nullptr;
  }

  // The place is about to be looked at: its first line of cache is fetched meanwhile. The handle may be null,
  // or its object gone.
  void prefetch(Handle handle) const {
    if (handle.index < used_) __builtin_prefetch(&entry(handle.index), 1);
  }

  // REQUIRES: the object is there.
  T& at(Handle handle) {
    assert(find(handle));
    return *entry(handle.index).object();
  }

  void erase(Handle handle) {
    assert(find(handle));
    Entry& e = entry(handle.index);
    e.object()->~T();
    ++e.generation;
    e.next_free = free_;
    free_ = handle.index;
    --size_;
  }

  std::size_t size() const { return size_; }

  // Calls visit(handle, object) for each; visit may erase the object that it is given.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < used_; ++i) {
      if (entry(i).is_live()) visit(Handle{i, entry(i).generation}, *entry(i).object());
    }
  }

 private:
  static constexpr std::uint32_t kChunk = 64;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kLive = 0xFFFFFFFE;

  // The generation is looked at whenever the object is, so it stands in front of it, in its first line of
  // cache.
  struct alignas(std::max({Alignment, alignof(T), alignof(std::uint32_t)})) Entry {
    std::uint32_t generation = 0;
    std::uint32_t next_free = kNone;  // kLive: there is an object
    alignas(T) unsigned char storage[sizeof(T)];

    bool is_live() const { return next_free == kLive; }
    T* object() { return std::launder(reinterpret_cast<T*>(storage)); }
  };

  Entry& entry(std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }

  std::uint32_t take_place() {
    if (free_ != kNone) {
      const std::uint32_t place = std::exchange(free_, entry(free_).next_free);
      // Its own name is in the next one's place, which has been cold for as long as it is free.
      if (free_ != kNone) __builtin_prefetch(&entry(free_), 1);
      return place;
    }
    if (used_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<Entry[]>(kChunk));
    return used_++;
  }

  std::vector<std::unique_ptr<Entry[]>> chunks_;
  std::uint32_t used_ = 0;
  std::uint32_t free_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace slotway::proxy
