#pragma once

#include <cstddef>
#include <vector>

#include "../../core/thread_pool.h"

namespace singlepath::cpu {

// Threads, and memory that kernels reuse from call to call. It grows to the largest chain seen and stays.
// Belongs to the one thread that calls kernels.
class Workspace {
 public:
  explicit Workspace(int threads = 1) : pool_(threads) {}
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  ThreadPool& pool() { return pool_; }

  // What the shared buffers hold.
  enum Slot {
    weights,
    sums,
    coefficients,
    gradient_a,
    gradient_b,
    weight_gradients,
    residual_gradient,
    vectors,
    slots
  };

  // At least `bytes` at 64-byte alignment; contents are lost when it grows.
  void* shared(Slot slot, std::size_t bytes) { return grow(shared_[slot], bytes); }

  // Room for `floats` floats for each thread. Call before a parallel section; read with scratch().
  void reserve_scratch(std::size_t floats);
  float* scratch(int thread) const { return static_cast<float*>(scratch_[thread].data); }

  std::size_t bytes() const;

  // Frees everything.
  void clear();

 private:
  struct Buffer {
    void* data = nullptr;
    std::size_t bytes = 0;
  };
  static void* grow(Buffer& buffer, std::size_t bytes);

  ThreadPool pool_;
  Buffer shared_[slots];
  std::vector<Buffer> scratch_;
};

}  // namespace singlepath::cpu
