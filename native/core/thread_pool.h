#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
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

// Part `index` of [0, count) cut into `parts`: contiguous, cut at multiples of `grain`, the first parts
// taking one grain more when it does not divide.
WorkRange partition(long count, long grain, int index, int parts);

// A small persistent pool for one caller thread, which works along as thread 0.
//
// Work is cut into pieces, a number that depends on the work and the thread count only, and threads take
// pieces until none is left: each those of its own share first, so that it finds in its cache what it wrote
// before, then those of others. So a thread that the system has put aside, or that sleeps, holds up nobody
// unless it is in the middle of a piece. Which thread runs a piece is chance: whoever sums must have a sum
// for each piece, and add these up in order.
//
// Workers spin for less than a tenth of a millisecond after a job, because the next one usually follows, and
// then sleep on a condition variable: endless spinning (libgomp's default) makes every process on a busy
// machine 10-30 times slower.
class ThreadPool {
 public:
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Stops the present workers and starts new ones. Not while a job runs.
  void set_threads(int threads);

  // Into how many pieces `count` items are cut when none may be smaller than `grain` (but the last): a few
  // for each thread, one when there is one thread.
  int pieces(long count, long grain) const;

  // Calls `job(piece, thread)` once for each piece in [0, pieces) and returns when all are done. Pieces of
  // one thread never run at the same time. Jobs must not throw.
  void run(int pieces, const std::function<void(int piece, int thread)>& job);

  // What the pool did while it was counted, for benches.
  struct Activity {
    long jobs = 0;  // each ends with all threads waiting for the last one
    long pieces = 0;
    double seconds = 0;        // from the begin of each job to its end
    std::vector<double> busy;  // of each thread: seconds inside pieces
  };

  // Counts into `activity` until called with null; not while a job runs. Jobs of one piece count too.
  void count(Activity* activity);

  // Calls `body(begin, end, thread)` for pieces that make up [0, count).
  template <class Body>
  void parallel_for(long count, long grain, const Body& body) {
    const int all = pieces(count, grain);
    run(all, [&](int piece, int thread) {
      const WorkRange range = partition(count, grain, piece, all);
      body(range.begin, range.end, thread);
    });
  }

 private:
  // The share of one thread: the number of the job and, in the lower half, how many pieces are not taken yet.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> left{0};
  };

  void start(int threads);
  void stop();
  void work(int thread, std::uint32_t seen);
  void share_out(int pieces, const std::function<void(int, int)>& job);
  void take(int thread, std::uint32_t number);

  Activity* activity_ = nullptr;
  std::vector<std::thread> workers_;
  std::unique_ptr<Share[]> shares_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(int, int)>* job_ = nullptr;
  int pieces_ = 0;
  std::atomic<std::uint32_t> number_{0};  // of the last job
  std::atomic<int> unfinished_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace singlepath
