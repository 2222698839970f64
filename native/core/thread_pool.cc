#include "thread_pool.h"

#include <algorithm>
#include <chrono>

namespace singlepath {
namespace {

// About the gap between two kernels of one training step; measured in spins so that no clock is read.
constexpr int kSpins = 2000;

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

template <class Condition>
bool spin_until(const Condition& condition) {
  for (int i = 0; i < kSpins; ++i) {
    if (condition()) return true;
    relax();
  }
  return condition();
}

}  // namespace

WorkRange partition(long count, long grain, int index, int threads) {
  grain = std::max(grain, 1L);
  const long units = (count + grain - 1) / grain;
  const long each = units / threads, extra = units % threads;
  const long first = each * index + std::min<long>(index, extra);
  const long last = first + each + (index < extra ? 1 : 0);
  return {std::min(first * grain, count), std::min(last * grain, count)};
}

ThreadPool::ThreadPool(int threads) {
  start(threads);
}

ThreadPool::~ThreadPool() {
  stop();
}

void ThreadPool::set_threads(int threads) {
  if (threads == this->threads()) return;
  stop();
  start(threads);
}

void ThreadPool::start(int threads) {
  stopping_ = false;
  const unsigned seen = generation_.load();
  for (int thread = 1; thread < threads; ++thread)
    workers_.emplace_back([this, thread, seen] { work(thread, seen); });
}

void ThreadPool::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::run(const std::function<void(int)>& job) {
  if (workers_.empty()) return job(0);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    job_ = &job;
    pending_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  job(0);
  const auto finished = [this] { return pending_.load(std::memory_order_acquire) == 0; };
  if (spin_until(finished)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  done_.wait(lock, finished);
}

void ThreadPool::work(int thread, unsigned seen) {
  const auto called = [&] { return generation_.load(std::memory_order_acquire) != seen || stopping_.load(); };
  for (;;) {
    if (!spin_until(called)) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, called);
    }
    if (generation_.load(std::memory_order_acquire) == seen) return;  // stopping, and no job left
    seen = generation_.load(std::memory_order_acquire);
    (*job_)(thread);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      std::lock_guard<std::mutex> lock(mutex_);
      done_.notify_one();
    }
  }
}

}  // namespace singlepath
