// Cancellation of running work: a flag the caller raises and the work polls.
#pragma once

#include <atomic>
#include <memory>

#include "core/error.h"

namespace singlepath {

class CancelToken {
 public:
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

// What running work polls: its own token (may be absent) and the engine's, raised at shutdown.
struct Cancellation {
  std::shared_ptr<const CancelToken> token;
  std::shared_ptr<const CancelToken> engine;

  void check() const {
    if ((token && token->cancelled()) || (engine && engine->cancelled())) throw Error("ABORTED", "Aborted");
  }
};

}  // namespace singlepath
