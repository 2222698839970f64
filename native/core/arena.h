// Memory for tensors and kernels: best fit with splitting, over address space reserved once. The system hands
// out a page when it is first written, so an unused reservation costs nothing; freed blocks merge with their
// neighbours and are used again by requests of any size. A random path needs other sizes at every step, so
// blocks kept whole pile up: 510 MB were held where 400 were ever in use at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace singlepath {

struct ArenaStatistics {
  int64_t used = 0;         // bytes in blocks taken
  int64_t kept = 0;         // free bytes that may still have pages: written by a former owner
  int64_t peak = 0;         // largest used + kept
  int64_t hits = 0;         // blocks of memory that was written before
  int64_t allocations = 0;  // blocks taken
};

class Arena {
 public:
  // Blocks start and end at multiples of this.
  static constexpr size_t kGranule = 4096;

  // `region`: bytes of address space reserved at a time.
  explicit Arena(size_t region) : region_(region) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // At least `bytes`; `*size` is what give_back() wants to know. The smallest free block that fits, at the
  // lowest address among equals. Throws std::bad_alloc.
  void* take(size_t bytes, size_t* size);
  void give_back(void* block, size_t size);

  // Hands the pages of free blocks back to the system.
  void release_pages();

  ArenaStatistics statistics() const;

 private:
  struct Free {
    size_t size;
    size_t written;  // of its beginning; behind it no page was touched
  };
  using ByAddress = std::map<char*, Free>;

  void insert(char* at, Free block);
  void erase(ByAddress::iterator block);
  void reserve(size_t bytes);

  const size_t region_;
  mutable std::mutex mutex_;
  ByAddress free_;
  std::set<std::pair<size_t, char*>> by_size_;
  ArenaStatistics statistics_;
};

// The arena of the process. Never destroyed: tensors may outlive static destruction.
Arena& shared_arena();

// A block of the shared arena, freed with its owner.
class ArenaBlock {
 public:
  ArenaBlock() = default;
  // Of no bytes: none.
  explicit ArenaBlock(size_t bytes) : data_(bytes > 0 ? shared_arena().take(bytes, &size_) : nullptr) {}
  ArenaBlock(ArenaBlock&& other) noexcept { swap(other); }
  ArenaBlock& operator=(ArenaBlock&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ArenaBlock() {
    if (data_ != nullptr) shared_arena().give_back(data_, size_);
  }

  void* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void swap(ArenaBlock& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  size_t size_ = 0;  // before data_, whose initializer sets it
  void* data_ = nullptr;
};

}  // namespace singlepath
