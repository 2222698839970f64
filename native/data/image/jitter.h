// Colour jitter as one affine map of the three channels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/rng.h"

namespace singlepath {

struct JitterStrength {
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
};

// torchvision's ColorJitter on `pixels` interleaved pixels of 1 or 3 (RGB) channels: factors and their order
// are drawn from `random`. The steps are composed to one affine map, so values are cut to 0..255 once, at the
// end, not after each step; hue turns colours in YIQ space, which is close to a turn in HSV.
void jitter_colours(const JitterStrength& strength, RandomStream& random, int channels, size_t pixels,
                    uint8_t* data);

}  // namespace singlepath
