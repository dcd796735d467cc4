// A FIFO in one array that doubles when it is full and never shrinks: no allocation in steady state.
// Owner: whoever holds it. Thread: the owner's only. Invariant: capacity is a power of two. T is trivially
// copyable.
#pragma once

#include <cassert>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace slotway::proxy {

template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The reference is valid until the next push_back().
  T& push_back(const T& item) {
    if (size_ == capacity_) grow();
    ++size_;
    return items_[(head_ + size_ - 1) & (capacity_ - 1)] = item;
  }
  T& front() {
    assert(size_ > 0);
    return items_[head_];
  }
  const T& front() const {
    assert(size_ > 0);
    return items_[head_];
  }
  void pop_front() {
    assert(size_ > 0);
    // What is short uses the same few places again and again.
    head_ = --size_ == 0 ? 0 : (head_ + 1) & (capacity_ - 1);
  }
  // 0 = the front.
  T& operator[](std::size_t i) {
    assert(i < size_);
    return items_[(head_ + i) & (capacity_ - 1)];
  }

 private:
  void grow() {
    const std::size_t capacity = capacity_ == 0 ? 16 : capacity_ * 2;
    std::vector<T> larger(capacity);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    items_.swap(larger);
    capacity_ = capacity;
    head_ = 0;
  }

  std::vector<T> items_;
  std::size_t capacity_ = 0;  // of items_, whose own size() would be a division
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace slotway::proxy
