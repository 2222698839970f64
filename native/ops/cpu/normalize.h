#pragma once

#include <cstdint>

#include "types.h"
#include "workspace.h"

namespace singlepath::cpu {

// NHWC image bytes to network input: out = (byte / 255 - mean[channel]) / deviation[channel], `pixels` in
// all.
void normalize(const uint8_t* bytes, long pixels, int channels, const float* mean, const float* deviation,
               Storage storage, void* out, Workspace& workspace);

}  // namespace singlepath::cpu
