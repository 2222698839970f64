#include "runtime/allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

namespace singlepath {
namespace {

constexpr size_t kAlignment = 64;
// Smaller blocks are left to malloc, which handles them well.
constexpr size_t kSmallest = 16 << 10;
constexpr size_t kGranule = 4096;
// A free block up to this many times the need is taken (measured: 1.5 keeps peak memory below glibc's).
constexpr double kSlack = 1.5;
// Beyond this, unused blocks are given back once they outweigh the used ones.
constexpr int64_t kKeep = int64_t{512} << 20;

class Cache {
 public:
  void* take(size_t bytes, size_t* capacity) {
    std::lock_guard lock(mutex_);
    ++statistics_.allocations;
    const auto found = free_.lower_bound(bytes);
    if (found != free_.end() && found->first <= bytes * kSlack) {
      void* block = found->second;
      *capacity = found->first;
      free_.erase(found);
      ++statistics_.hits;
      statistics_.cached -= *capacity;
      statistics_.allocated += *capacity;
      return block;
    }
    *capacity = (bytes + kGranule - 1) / kGranule * kGranule;
    trim(std::max<int64_t>(kKeep, statistics_.allocated));
    void* block = std::aligned_alloc(kAlignment, *capacity);
    if (block == nullptr) {
      trim(0);
      block = std::aligned_alloc(kAlignment, *capacity);
      if (block == nullptr) throw std::bad_alloc();
    }
    statistics_.allocated += *capacity;
    statistics_.peak = std::max(statistics_.peak, statistics_.allocated + statistics_.cached);
    return block;
  }

  void give_back(void* block, size_t capacity) {
    std::lock_guard lock(mutex_);
    free_.emplace(capacity, block);
    statistics_.allocated -= capacity;
    statistics_.cached += capacity;
  }

  void empty() {
    std::lock_guard lock(mutex_);
    trim(0);
  }

  AllocatorStatistics statistics() {
    std::lock_guard lock(mutex_);
    return statistics_;
  }

 private:
  // Frees the largest cached blocks until at most `keep` bytes are cached.
  void trim(int64_t keep) {
    while (statistics_.cached > keep && !free_.empty()) {
      const auto last = std::prev(free_.end());
      statistics_.cached -= last->first;
      std::free(last->second);
      free_.erase(last);
    }
  }

  std::mutex mutex_;
  std::multimap<size_t, void*> free_;
  AllocatorStatistics statistics_;
};

// Never destroyed: tensors may outlive static destruction.
Cache& cache() {
  static Cache* instance = new Cache;
  return *instance;
}

// libtorch's raw interface wants data and context to be one pointer, so a block's capacity lies before its
// data.
struct Header {
  size_t capacity;  // of the whole block; 0: from malloc
};
static_assert(sizeof(Header) <= kAlignment);

Header* header_of(void* data) {
  return reinterpret_cast<Header*>(static_cast<char*>(data) - kAlignment);
}

void release(void* data) {
  if (data == nullptr) return;
  Header* header = header_of(data);
  if (header->capacity == 0) {
    std::free(header);
  } else {
    cache().give_back(header, header->capacity);
  }
}

class CachingAllocator final : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return make(bytes); }
  void copy_data(void* to, const void* from, std::size_t count) const override {
    std::memcpy(to, from, count);
  }
#else
  c10::DataPtr allocate(size_t bytes) const override { return make(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &release; }

 private:
  static c10::DataPtr make(size_t bytes) {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, cpu};
    const size_t whole = (bytes + 2 * kAlignment - 1) / kAlignment * kAlignment;
    size_t capacity = 0;
    void* block = whole < kSmallest ? std::aligned_alloc(kAlignment, whole) : cache().take(whole, &capacity);
    if (block == nullptr) throw std::bad_alloc();
    static_cast<Header*>(block)->capacity = capacity;
    void* data = static_cast<char*>(block) + kAlignment;
    return {data, data, &release, cpu};
  }
};

}  // namespace

void install_caching_allocator() {
  static CachingAllocator* allocator = [] {
    auto* created = new CachingAllocator;
    c10::SetCPUAllocator(created, /*priority=*/1);
    return created;
  }();
  (void)allocator;
}

AllocatorStatistics allocator_statistics() {
  return cache().statistics();
}

void empty_cache() {
  cache().empty();
}

}  // namespace singlepath
