#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace singlepath {

// A half-open range of work items.
struct WorkRange {
  long begin = 0;
  long end = 0;
};

// The part of [0, count) that thread `index` of `threads` works on: contiguous, cut at multiples of `grain`,
// the first threads taking one grain more when it does not divide. A pure function, so results depend on the
// thread count only.
WorkRange partition(long count, long grain, int index, int threads);

// A small persistent pool for one caller thread, which works along as thread 0.
//
// Workers spin for about a tenth of a millisecond after a job, because the next one usually follows, and then
// sleep on a condition variable: endless spinning (libgomp's default) makes every process on a busy machine
// 10-30 times slower.
class ThreadPool {
 public:
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Stops the present workers and starts new ones. Not while a job runs.
  void set_threads(int threads);

  // Calls `job(thread)` once on every thread and returns when all are done. Jobs must not throw.
  void run(const std::function<void(int thread)>& job);

  // Calls `body(begin, end, thread)` for each thread's non-empty partition of [0, count).
  template <class Body>
  void parallel_for(long count, long grain, const Body& body) {
    const int all = threads();
    if (all == 1 || count <= grain) {
      if (count > 0) body(0L, count, 0);
      return;
    }
    run([&](int thread) {
      const WorkRange range = partition(count, grain, thread, all);
      if (range.begin < range.end) body(range.begin, range.end, thread);
    });
  }

 private:
  void start(int threads);
  void stop();
  void work(int thread, unsigned seen);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(int)>* job_ = nullptr;
  std::atomic<unsigned> generation_{0};
  std::atomic<int> pending_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace singlepath
