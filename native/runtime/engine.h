// The engine: the one thread that runs all torch work, fed by a queue. Thread settings and gradient mode are
// per thread in libtorch, and libuv's pool threads would each keep an OpenMP team of their own.
//
// Work on a GPU is started by the thread and done by the card. Steps of a training hand in how they end
// (finish_later), and up to kInFlight of them are started before the first one's results are waited for, so
// the card never waits for this thread or for JavaScript. All other work waits for them first.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "core/cancel.h"

namespace singlepath {

class Engine {
 public:
  Engine();
  ~Engine() { stop(); }

  // Queues work; it must not throw. After stop() work runs no more: `work(false)` is called in place so that
  // its owner can reject its promise.
  using Work = std::function<void(bool live)>;
  // `beside`: may run while work that was handed to finish_later() is unfinished.
  void post(Work work, bool beside = false);

  // On the engine thread, from running work: `finish` is called there, in order, once `done` says that it
  // will not wait, or when somebody needs it before. Neither may throw.
  struct Ending {
    std::function<bool()> done;
    std::function<void()> finish;
  };
  void finish_later(Ending ending) { unfinished_.push_back(std::move(ending)); }
  // Likewise from running work: all that was handed in.
  void finish_unfinished() { finish_until(0); }

  // Raises the stop token, lets the running work notice, drops the queue, joins. Idempotent.
  void stop();

  std::shared_ptr<const CancelToken> stop_token() const { return stop_token_; }

  int threads() const { return threads_.load(); }
  // Takes effect before the next work.
  void set_threads(int threads) { threads_.store(threads); }

 private:
  // Two: the card computes one while the thread starts the next.
  static constexpr size_t kInFlight = 2;

  struct Item {
    Work work;
    bool beside;
  };

  void loop();
  // The next work; null when it is time to stop. While nothing is queued, what is unfinished gets finished.
  std::optional<Item> next();
  void finish_until(size_t left);

  std::shared_ptr<CancelToken> stop_token_ = std::make_shared<CancelToken>();
  std::atomic<int> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  std::deque<Ending> unfinished_;  // of the engine thread alone
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace singlepath
