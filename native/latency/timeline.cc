#include "latency/timeline.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include "core/error.h"

// c10::Event tells times from 2.4 on.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#define SINGLEPATH_TIMED_EVENTS 1
#endif

namespace singlepath {

// Events are made once and recorded again in every call.
struct Timeline::Events {
  explicit Events(c10::Device device) : device(device), guard(device.type()) {}

  void record() {
    if (used == all.size()) all.emplace_back(device.type(), c10::EventFlag::BACKEND_DEFAULT);
    all[used++].record(guard.getStream(device));
  }

  const c10::Device device;
  const c10::impl::VirtualGuardImpl guard;
  std::vector<c10::Event> all;
  size_t used = 0;
};

Timeline::Timeline(c10::Device device) {
  if (device.is_cpu()) return;
#ifndef SINGLEPATH_TIMED_EVENTS
  throw Error("DEVICE_UNAVAILABLE",
              "Expected libtorch 2.4 or later to time a GPU but this is " TORCH_VERSION);
#endif
  events_ = std::make_unique<Events>(device);
}

Timeline::~Timeline() = default;

void Timeline::start() {
  moments_.clear();
  if (events_) events_->used = 0;
  mark();
}

void Timeline::mark() {
  if (events_)
    events_->record();
  else
    moments_.push_back(std::chrono::steady_clock::now());
}

std::vector<double> Timeline::spans() {
  std::vector<double> spans;
#ifdef SINGLEPATH_TIMED_EVENTS
  if (events_) {
    const std::vector<c10::Event>& all = events_->all;
    all[events_->used - 1].synchronize();
    for (size_t i = 1; i < events_->used; ++i) spans.push_back(1e6 * all[i - 1].elapsedTime(all[i]));
    return spans;
  }
#endif
  for (size_t i = 1; i < moments_.size(); ++i) {
    const auto span = std::chrono::duration_cast<std::chrono::nanoseconds>(moments_[i] - moments_[i - 1]);
    spans.push_back(static_cast<double>(span.count()));
  }
  return spans;
}

}  // namespace singlepath
