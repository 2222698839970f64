// Work of a card that is recorded once and handed over in one call from then on: a CUDA graph.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <utility>

namespace singlepath {

class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

// Memory that recordings share: the values of two of them must never be needed at the same time.
using RecordingPool = std::pair<unsigned long long, unsigned long long>;

// Whether the device takes recordings: a card, where the headers of the CUDA runtime were found; and a CPU
// that is taken for a card (computes_aside), on which the work simply runs again.
bool can_record(c10::Device device);

RecordingPool new_recording_pool(c10::Device device);

// What `work` hands to the card's current stream, threads of autograd included. Nothing of it is computed
// before replay(): tensors that `work` makes get their place only. The same work must have run once before,
// as libraries set themselves up in a first call. Rethrows what `work` throws, and c10::Error where the card
// refuses.
std::unique_ptr<Recording> record(c10::Device device, const RecordingPool& pool, std::function<void()> work);

}  // namespace singlepath
