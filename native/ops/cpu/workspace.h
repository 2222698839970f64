#pragma once

#include <cstddef>
#include <vector>

#include "../../core/arena.h"
#include "../../core/thread_pool.h"

namespace singlepath::cpu {

// Threads, and small memory that kernels reuse from call to call. It grows to the largest chain seen and
// stays. Belongs to the one thread that calls kernels. What is as large as activations is an ArenaBlock of
// the call itself: between calls others have use for it.
class Workspace {
 public:
  explicit Workspace(int threads = 1) : pool_(threads) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  ThreadPool& pool() { return pool_; }

  // What the shared buffers hold.
  enum Slot { weights, sums, coefficients, weight_gradients, small, turns, slots };

  // At least `bytes` at 64-byte alignment; contents are lost when it grows.
  void* shared(Slot slot, std::size_t bytes) { return grow(shared_[slot], bytes); }

  // Room for `floats` floats for each thread. Call before a parallel section; read with scratch().
  void reserve_scratch(std::size_t floats);
  float* scratch(int thread) const { return static_cast<float*>(scratch_[thread].data()); }

 private:
  static void* grow(ArenaBlock& block, std::size_t bytes);

  ThreadPool pool_;
  ArenaBlock shared_[slots];
  std::vector<ArenaBlock> scratch_;
};

}  // namespace singlepath::cpu
