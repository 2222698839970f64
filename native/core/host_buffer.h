// Memory of batches on the host. A card copies from pinned memory by itself, and from any other only while a
// thread of ours waits; whoever uses a card says where such memory comes from.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace singlepath {

// Owner and beginning of a block.
struct HostBlock {
  std::shared_ptr<void> owner;
  void* data = nullptr;
};
using MakeHostBlock = HostBlock (*)(size_t bytes);

// For blocks made from now on; null: plain memory, whose owner is not of interest.
inline std::atomic<MakeHostBlock> make_pinned_block{nullptr};

// A vector of plain values whose memory may be pinned.
template <class T>
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(HostBuffer&&) noexcept = default;
  HostBuffer& operator=(HostBuffer&&) noexcept = default;

  T* data() { return static_cast<T*>(block_.data); }
  const T* data() const { return static_cast<const T*>(block_.data); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  // Whoever made pinned memory knows what its owner is; null for plain memory.
  void* pinned_owner() const { return pinned_ ? block_.owner.get() : nullptr; }

  // Keeps the values that stay. New ones are not initialized.
  void resize(size_t size) {
    if (size > capacity_) grow(size);
    size_ = size;
  }
  void assign(const T* first, const T* last) {
    size_ = 0;
    resize(static_cast<size_t>(last - first));
    std::copy(first, last, data());
  }

 private:
  void grow(size_t size) {
    HostBlock block;
    const MakeHostBlock make = make_pinned_block.load();
    if (make != nullptr) {
      block = make(size * sizeof(T));
    } else {
      block.owner.reset(::operator new(size * sizeof(T)), [](void* data) { ::operator delete(data); });
      block.data = block.owner.get();
    }
    std::copy(begin(), end(), static_cast<T*>(block.data));
    block_ = std::move(block);
    pinned_ = make != nullptr;
    capacity_ = size;
  }

  HostBlock block_;
  bool pinned_ = false;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace singlepath
