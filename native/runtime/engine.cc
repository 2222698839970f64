#include "runtime/engine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <chrono>
#include <cstdlib>

#include "runtime/allocator.h"
#include "runtime/device.h"
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

// Results are a function of their inputs, and float32 means float32.
void set_numerics() {
  at::Context& context = at::globalContext();
#if TORCH_VERSION_MAJOR >= 2
  // NNPACK prints a warning per convolution on CPUs it does not know, and is slower where it does.
  context.setUserEnabledNNPACK(false);
#endif
  // cuDNN's default for float32 is TF32, whose products have 10 bits of mantissa; and some of its gradients
  // of weights are summed by atomics, in another order each time.
  allow_tf32(false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
}

}  // namespace

Engine::Engine() : threads_(default_threads()) {
  install_arena_allocator();
  thread_ = std::thread([this] { loop(); });
}

void Engine::post(Work work, bool beside) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) {
      queue_.push_back({std::move(work), beside});
      wake_.notify_one();
      return;
    }
  }
  work(false);
}

void Engine::stop() {
  std::deque<Item> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_token_->cancel();
    dropped.swap(queue_);
    wake_.notify_one();
  }
  for (Item& item : dropped) item.work(false);
  if (thread_.joinable()) thread_.join();
}

void Engine::finish_until(size_t left) {
  while (unfinished_.size() > left) {
    const Ending ending = std::move(unfinished_.front());
    unfinished_.pop_front();
    ending.finish();
  }
}

std::optional<Engine::Item> Engine::next() {
  const auto awake = [this] { return stopping_ || !queue_.empty(); };
  std::unique_lock lock(mutex_);
  while (!awake()) {
    if (unfinished_.empty()) {
      wake_.wait(lock);
      continue;
    }
    lock.unlock();
    const bool done = unfinished_.front().done();
    if (done) finish_until(unfinished_.size() - 1);
    lock.lock();
    // Asking the card takes 1 us; JavaScript's next step must not wait behind a longer sleep.
    if (!done) wake_.wait_for(lock, std::chrono::microseconds(20), awake);
  }
  if (stopping_) return std::nullopt;
  Item item = std::move(queue_.front());
  queue_.pop_front();
  return item;
}

void Engine::loop() {
  set_numerics();
  int threads = 0;
  while (std::optional<Item> item = next()) {
    if (const int wanted = threads_.load(); wanted != threads) {
      at::set_num_threads(wanted);
      threads = wanted;
    }
    if (!item->beside) finish_until(0);
    item->work(true);
    item.reset();  // what the work holds is freed before the next wait
    if (unfinished_.size() >= kInFlight) finish_until(kInFlight - 1);
  }
  finish_until(0);
}

}  // namespace singlepath
