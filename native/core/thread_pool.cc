#include "thread_pool.h"

#include <algorithm>
#include <chrono>

namespace singlepath {
namespace {

// About the gap between two kernels of one training step; measured in spins so that no clock is read.
constexpr int kSpins = 2000;
// Enough that no thread waits long for another that is put aside, and few enough that a sum a piece costs
// nothing.
constexpr int kPiecesOfThread = 4;

constexpr std::uint64_t packed(std::uint32_t number, long left) {
  return static_cast<std::uint64_t>(number) << 32 | static_cast<std::uint64_t>(left);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

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

WorkRange partition(long count, long grain, int index, int parts) {
  grain = std::max(grain, 1L);
  const long units = (count + grain - 1) / grain;
  const long each = units / parts, extra = units % parts;
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
  shares_ = std::make_unique<Share[]>(threads);
  const std::uint32_t seen = number_.load();
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

int ThreadPool::pieces(long count, long grain) const {
  const int all = threads();
  const long units = (count + std::max(grain, 1L) - 1) / std::max(grain, 1L);
  return static_cast<int>(std::min<long>(units, all == 1 ? 1 : all * kPiecesOfThread));
}

void ThreadPool::count(Activity* activity) {
  activity_ = activity;
  if (activity) activity->busy.resize(threads());
}

void ThreadPool::run(int pieces, const std::function<void(int, int)>& job) {
  if (!activity_) return share_out(pieces, job);
  const double start = seconds_now();
  share_out(pieces, [&](int piece, int thread) {
    const double begin = seconds_now();
    job(piece, thread);
    activity_->busy[thread] += seconds_now() - begin;
  });
  activity_->seconds += seconds_now() - start;
  ++activity_->jobs;
  activity_->pieces += pieces;
}

void ThreadPool::share_out(int pieces, const std::function<void(int, int)>& job) {
  if (pieces <= 1 || workers_.empty()) {
    for (int piece = 0; piece < pieces; ++piece) job(piece, 0);
    return;
  }
  const std::uint32_t number = number_.load(std::memory_order_relaxed) + 1;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    job_ = &job;
    pieces_ = pieces;
    unfinished_.store(pieces, std::memory_order_relaxed);
    for (int thread = 0; thread < threads(); ++thread) {
      const WorkRange share = partition(pieces, 1, thread, threads());
      shares_[thread].left.store(packed(number, share.end - share.begin), std::memory_order_release);
    }
    number_.store(number, std::memory_order_release);
  }
  wake_.notify_all();
  take(0, number);
  const auto finished = [this] { return unfinished_.load(std::memory_order_acquire) == 0; };
  if (spin_until(finished)) return;
  std::unique_lock<std::mutex> lock(mutex_);
  done_.wait(lock, finished);
}

// A share of a later job has another number, so a thread that comes late takes nothing. And while a piece is
// not finished the job is there.
void ThreadPool::take(int thread, std::uint32_t number) {
  const int all = threads();
  for (int i = 0; i < all; ++i) {
    const int owner = (thread + i) % all;
    std::atomic<std::uint64_t>& left = shares_[owner].left;
    std::uint64_t now = left.load(std::memory_order_acquire);
    while (now > packed(number, 0) && now >> 32 == number) {
      if (!left.compare_exchange_weak(now, now - 1, std::memory_order_acq_rel, std::memory_order_acquire))
        continue;
      const int piece =
          static_cast<int>(partition(pieces_, 1, owner, all).end - static_cast<long>(now & 0xffffffff));
      (*job_)(piece, thread);
      if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1 && thread != 0) {
        std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
      now = left.load(std::memory_order_acquire);
    }
  }
}

void ThreadPool::work(int thread, std::uint32_t seen) {
  const auto called = [&] { return number_.load(std::memory_order_acquire) != seen || stopping_.load(); };
  for (;;) {
    if (!spin_until(called)) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, called);
    }
    const std::uint32_t number = number_.load(std::memory_order_acquire);
    if (number == seen) return;  // stopping, and no job left
    take(thread, seen = number);
  }
}

}  // namespace singlepath
