#include "distributed/wait.h"

#include <condition_variable>
#include <mutex>

#include "distributed/sockets.h"

namespace singlepath {
namespace {

using Clock = std::chrono::steady_clock;

// How often connections are looked at.
constexpr std::chrono::milliseconds kLook{100};
// In which Gloo ends an operation itself whose connections were closed here: it takes some 40 ms.
constexpr std::chrono::milliseconds kAbortGrace{500};
// A rank that is done closes its connections while another one still reads what it has sent.
constexpr std::chrono::seconds kLostGrace{5};

}  // namespace

struct Wait::State {
  mutable std::mutex mutex;
  std::condition_variable changed;
  Connections connections;
  bool watched = false, aborted = false;
};

Wait::Wait() : state_(std::make_shared<State>()) {}

Wait::~Wait() = default;

std::function<void()> Wait::operation() {
  done_ = std::make_shared<bool>(false);
  return [state = state_, done = done_] {
    const std::lock_guard lock(state->mutex);
    *done = true;
    state->changed.notify_all();
  };
}

Wait::End Wait::end(std::optional<std::chrono::milliseconds> limit) {
  const Clock::time_point begun = Clock::now();
  std::unique_lock lock(state_->mutex);
  End end = End::kDone;
  const auto wait_for = [&](Clock::duration time) {
    return state_->changed.wait_for(lock, time,
                                    [&] { return *done_ || (state_->aborted && end != End::kAborted); });
  };
  while (!*done_ && end == End::kDone) {
    if (state_->aborted) {
      end = End::kAborted;
    } else if (state_->watched && state_->connections.ended()) {
      end = End::kLost;
    } else if (limit && Clock::now() - begun >= *limit) {
      end = End::kLate;
    } else {
      wait_for(kLook);
    }
  }
  if (end == End::kLost && wait_for(kLostGrace) && !*done_) end = End::kAborted;
  if (end == End::kAborted) wait_for(kAbortGrace);
  return *done_ ? End::kDone : end;
}

void Wait::watch(const std::set<int>& before, size_t count) {
  const std::lock_guard lock(state_->mutex);
  state_->connections.take(before);
  state_->watched = state_->connections.size() == count;
}

void Wait::abort() {
  const std::lock_guard lock(state_->mutex);
  state_->aborted = true;
  state_->connections.shut_down();
  state_->changed.notify_all();
}

bool Wait::aborted() const {
  const std::lock_guard lock(state_->mutex);
  return state_->aborted;
}

}  // namespace singlepath
