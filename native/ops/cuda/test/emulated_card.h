// Runs a CUDA kernel on the CPU, so that its numbers can be tested where no card is: the threads of a block
// take turns, each up to the next __syncthreads(), and blocks follow one another. Shared memory is poisoned
// before each block. Kernels that read another thread's values without a barrier between are found where the
// order of turns matters, as it is reversed from turn to turn.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

#define __device__
#define __global__
#define __forceinline__ inline
#define __shared__
#define __align__(n)

namespace emulated {

struct Index {
  int x = 0, y = 0;
};

struct Turns {
  std::vector<ucontext_t> threads;
  std::vector<std::vector<char>> stacks;
  ucontext_t scheduler;
  std::vector<bool> done;
  int now = 0;
  std::function<void()> body;
};
inline Turns turns;

}  // namespace emulated

inline emulated::Index threadIdx, blockIdx, blockDim, gridDim;
inline float shared[48 * 1024 / sizeof(float)];

using std::max;
using std::min;

inline float __uint_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
inline void __syncthreads() {
  emulated::Turns& turns = emulated::turns;
  const emulated::Index own = threadIdx;
  swapcontext(&turns.threads[turns.now], &turns.scheduler);
  threadIdx = own;
}

namespace emulated {

inline void enter() {
  turns.body();
  turns.done[turns.now] = true;
}

// Throws where some threads of a block end while others wait.
inline void run_block(int threads_x, int threads_y, const std::function<void()>& body) {
  const int count = threads_x * threads_y;
  turns.threads.resize(count);
  turns.stacks.resize(count);
  turns.done.assign(count, false);
  turns.body = body;
  for (int i = 0; i < count; ++i) {
    turns.stacks[i].resize(1 << 15);
    getcontext(&turns.threads[i]);
    turns.threads[i].uc_stack.ss_sp = turns.stacks[i].data();
    turns.threads[i].uc_stack.ss_size = turns.stacks[i].size();
    turns.threads[i].uc_link = &turns.scheduler;
    makecontext(&turns.threads[i], enter, 0);
  }
  for (bool backwards = false;; backwards = !backwards) {
    for (int k = 0; k < count; ++k) {
      turns.now = backwards ? count - 1 - k : k;
      threadIdx = {turns.now % threads_x, turns.now / threads_x};
      swapcontext(&turns.scheduler, &turns.threads[turns.now]);
    }
    const auto ended = std::count(turns.done.begin(), turns.done.end(), true);
    if (ended == count) return;
    if (ended > 0) throw std::runtime_error("threads end while others of their block wait");
  }
}

template <typename Shape>
void run(const Shape& shape, const std::function<void()>& body) {
  if (shape.shared_bytes > sizeof shared) throw std::runtime_error("more shared memory than a block has");
  gridDim = {static_cast<int>(shape.blocks_x), static_cast<int>(shape.blocks_y)};
  blockDim = {static_cast<int>(shape.threads_x), static_cast<int>(shape.threads_y)};
  for (blockIdx.y = 0; blockIdx.y < gridDim.y; ++blockIdx.y) {
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {
      std::fill(std::begin(shared), std::end(shared), NAN);
      run_block(blockDim.x, blockDim.y, body);
      const float* behind = shared + shape.shared_bytes / sizeof(float);
      if (std::any_of(behind, static_cast<const float*>(std::end(shared)), [](float v) { return v == v; }))
        throw std::runtime_error("a kernel writes behind its shared memory");
    }
  }
}

}  // namespace emulated
