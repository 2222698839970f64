#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace singlepath {

// `cpu`, `cuda` or `cuda:N`. Throws INVALID_ARGUMENT for other names, DEVICE_UNAVAILABLE where there is none.
c10::Device device_of(const std::string& name);

// Gives the calling thread a stream of its own on the device, for good. Threads that share the default stream
// of a card wait for each other, and graphs cannot be captured on it.
void use_own_stream(c10::Device device);

// Whether the device computes on after a call has returned, so that code must not wait for its results: a
// GPU. With SINGLEPATH_CARD_PATH=1 also the CPU, whose results are then taken as if they came later: so tests
// run what is written for a GPU where there is none.
bool computes_aside(c10::Device device);

// Whether float32 products of work from now on may be rounded to TF32 on a GPU. Of the whole process.
void allow_tf32(bool allowed);

// Devices that can be used now.
std::vector<c10::Device> usable_devices();

}  // namespace singlepath
