// The engine: the one thread that runs all torch work, fed by a queue. Thread settings and gradient mode are
// per thread in libtorch, and libuv's pool threads would each keep an OpenMP team of their own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
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
  void post(Work work);

  // Raises the stop token, lets the running work notice, drops the queue, joins. Idempotent.
  void stop();

  std::shared_ptr<const CancelToken> stop_token() const { return stop_token_; }

  int threads() const { return threads_.load(); }
  // Takes effect before the next work.
  void set_threads(int threads) { threads_.store(threads); }

 private:
  void loop();

  std::shared_ptr<CancelToken> stop_token_ = std::make_shared<CancelToken>();
  std::atomic<int> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace singlepath
