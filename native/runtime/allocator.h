// A caching allocator for CPU tensors. glibc maps and unmaps every large block, and page faults are dear:
// relu on a 51 MB tensor took 85-300 ms with fresh memory and 1.5-3 ms with reused blocks (measured).
#pragma once

#include <cstdint>

namespace singlepath {

struct AllocatorStatistics {
  int64_t allocated = 0;    // bytes in use by tensors
  int64_t cached = 0;       // bytes kept for reuse
  int64_t peak = 0;         // largest allocated + cached
  int64_t hits = 0;         // allocations served from the cache
  int64_t allocations = 0;  // all allocations of cacheable size
};

// Makes libtorch use it for CPU tensors; idempotent, process wide.
void install_caching_allocator();
AllocatorStatistics allocator_statistics();
// Returns cached blocks to the system.
void empty_cache();

}  // namespace singlepath
