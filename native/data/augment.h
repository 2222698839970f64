// Variation of training images: random crop with zero padding, then a horizontal flip.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace singlepath {

struct Augment {
  int64_t padding = 0;  // pixels added on each side before an image-sized crop; 0: no crop
  bool flip = false;    // mirrored with probability 1/2
};

// Writes image `index` (NHWC bytes) to `out`. The random draws are keyed by (seed, epoch, index), so an image
// is varied the same way wherever in the epoch, in whatever batch and by whatever thread it is prepared.
void write_augmented(const Dataset& dataset, int64_t index, const Augment& augment, uint64_t seed,
                     uint64_t epoch, uint8_t* out);

}  // namespace singlepath
