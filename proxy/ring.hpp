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

  void push_back(const T& item) {
    if (size_ == items_.size()) grow();
    items_[(head_ + size_) & (items_.size() - 1)] = item;
    ++size_;
  }
  T& front() { return (*this)[0]; }
  const T& front() const {
    assert(size_ > 0);
    return items_[head_];
  }
  void pop_front() {
    assert(size_ > 0);
    head_ = (head_ + 1) & (items_.size() - 1);
    --size_;
  }
  // 0 = the front.
  T& operator[](std::size_t i) {
    assert(i < size_);
    return items_[(head_ + i) & (items_.size() - 1)];
  }

 private:
  void grow() {
    std::vector<T> larger(items_.empty() ? 16 : items_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    items_.swap(larger);
    head_ = 0;
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace slotway::proxy
