// Mixup and cutmix: two images of a batch become one, with two labels.
#pragma once

#include <cstdint>

#include "data/augment.h"
#include "data/batch.h"

namespace singlepath {

// Mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019), each in half of the batches where both are on. Image
// i is mixed with image n - 1 - i, whose label becomes its second one; the batch gets the share of the first.
// Draws are keyed by (seed, epoch, number of the batch).
void mix_images(const Augment& augment, uint64_t seed, uint64_t epoch, int64_t number, Batch& batch);

}  // namespace singlepath
