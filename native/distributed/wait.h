// Waiting for what Gloo does on threads of its own, such that the waiting can be ended from outside. Gloo
// itself ends an operation when a connection breaks, but for one case: a message of which a part was sent is
// forgotten then, and waited for until the timeout.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>

namespace singlepath {

class Wait {
 public:
  enum class End { kDone, kAborted, kLost, kLate };

  Wait();
  ~Wait();

  // A new operation, one at a time: to be called when it is done, on any thread, also after the end of this.
  std::function<void()> operation();

  // Waits for the operation. Where the result is not kDone, it has to be left behind: it may run on.
  End end(std::optional<std::chrono::milliseconds> limit = {});

  // From now on the end of a connection that was opened since `before` (open_sockets()) counts as kLost,
  // where these are `count` connections: else somebody else has opened one of them.
  void watch(const std::set<int>& before, size_t count);

  // Ends these connections, from any thread: an operation that waits is kAborted.
  void abort();
  bool aborted() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // of operations that were left behind, too
  std::shared_ptr<bool> done_;
};

}  // namespace singlepath
