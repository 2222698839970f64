// Moments of a call and the times between them.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <memory>
#include <vector>

namespace singlepath {

// On a CPU the host's clock. On a GPU events in its stream: its own clock, and no wait of the host between
// them.
class Timeline {
 public:
  // Throws DEVICE_UNAVAILABLE for a device whose time this libtorch does not tell.
  explicit Timeline(c10::Device device);
  ~Timeline();

  void start();
  // Another moment after start().
  void mark();
  // Nanoseconds from each moment to the next. Waits for a GPU to get there.
  std::vector<double> spans();

 private:
  struct Events;
  std::vector<std::chrono::steady_clock::time_point> moments_;
  std::unique_ptr<Events> events_;  // null on a CPU
};

}  // namespace singlepath
