#include "runtime/engine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <cstdlib>

#include "runtime/allocator.h"
#include "runtime/threads.h"

namespace singlepath {
namespace {

// OMP_NUM_THREADS stays the user's way to limit everything; else the usable cores.
int default_threads() {
  if (const char* text = std::getenv("SINGLEPATH_THREADS")) {
    if (const int threads = std::atoi(text); threads > 0) return threads;
  }
  if (const char* text = std::getenv("OMP_NUM_THREADS")) {
    if (const int threads = std::atoi(text); threads > 0) return std::min(threads, usable_cores());
  }
  return usable_cores();
}

}  // namespace

Engine::Engine() : threads_(default_threads()) {
  install_arena_allocator();
  thread_ = std::thread([this] { loop(); });
}

void Engine::post(Work work) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) {
      queue_.push_back(std::move(work));
      wake_.notify_one();
      return;
    }
  }
  work(false);
}

void Engine::stop() {
  std::deque<Work> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_token_->cancel();
    dropped.swap(queue_);
    wake_.notify_one();
  }
  for (Work& work : dropped) work(false);
  if (thread_.joinable()) thread_.join();
}

void Engine::loop() {
#if TORCH_VERSION_MAJOR >= 2
  // NNPACK prints a warning per convolution on CPUs it does not know, and is slower where it does.
  at::globalContext().setUserEnabledNNPACK(false);
#endif
  int threads = 0;
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    if (const int wanted = threads_.load(); wanted != threads) {
      at::set_num_threads(wanted);
      threads = wanted;
    }
    work(true);
  }
}

}  // namespace singlepath
