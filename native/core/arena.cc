#include "core/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <new>

namespace singlepath {
namespace {

size_t round_up(size_t bytes, size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

char* map(size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

}  // namespace

void Arena::insert(char* at, Free block) {
  free_.emplace(at, block);
  by_size_.emplace(block.size, at);
  statistics_.kept += static_cast<int64_t>(block.written);
}

void Arena::erase(ByAddress::iterator block) {
  statistics_.kept -= static_cast<int64_t>(block->second.written);
  by_size_.erase({block->second.size, block->first});
  free_.erase(block);
}

// Where a whole region is refused (a limit on address space), just what is needed is asked for.
void Arena::reserve(size_t bytes) {
  size_t size = std::max(bytes, region_ / kGranule * kGranule);
  char* memory = map(size);
  if (memory == nullptr) memory = map(size = bytes);
  if (memory == nullptr) throw std::bad_alloc();
  insert(memory, {size, 0});
}

void* Arena::take(size_t bytes, size_t* size) {
  const size_t wanted = round_up(std::max<size_t>(bytes, 1), kGranule);
  std::lock_guard lock(mutex_);
  auto best = by_size_.lower_bound({wanted, nullptr});
  if (best == by_size_.end()) {
    reserve(wanted);
    best = by_size_.lower_bound({wanted, nullptr});
  }
  const auto found = free_.find(best->second);
  char* const block = found->first;
  const Free whole = found->second;
  const size_t reused = std::min(whole.written, wanted);
  erase(found);
  if (whole.size > wanted) insert(block + wanted, {whole.size - wanted, whole.written - reused});
  statistics_.used += static_cast<int64_t>(wanted);
  statistics_.peak = std::max(statistics_.peak, statistics_.used + statistics_.kept);
  if (reused == wanted) ++statistics_.hits;
  ++statistics_.allocations;
  *size = wanted;
  return block;
}

void Arena::give_back(void* block, size_t size) {
  char* at = static_cast<char*>(block);
  Free merged{size, size};
  std::lock_guard lock(mutex_);
  statistics_.used -= static_cast<int64_t>(size);
  const auto after = free_.lower_bound(at);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second.size == at) {
      at = before->first;
      merged.size = merged.written = before->second.size + size;
      erase(before);
    }
  }
  if (after != free_.end() && at + merged.size == after->first) {
    merged.written += after->second.written;
    merged.size += after->second.size;
    erase(after);
  }
  insert(at, merged);
}

void Arena::release_pages() {
  std::lock_guard lock(mutex_);
  for (auto& [at, block] : free_) {
    if (block.written > 0) madvise(at, block.written, MADV_DONTNEED);  // best effort where pages are larger
    block.written = 0;
  }
  statistics_.kept = 0;
}

ArenaStatistics Arena::statistics() const {
  std::lock_guard lock(mutex_);
  return statistics_;
}

Arena& shared_arena() {
  static Arena* arena = new Arena(size_t{4} << 30);
  return *arena;
}

}  // namespace singlepath
