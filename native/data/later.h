// Batches that are decoded when they are needed, for fixed sets of images that would not fit into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/batch.h"
#include "data/dataset.h"

namespace singlepath {

// What decodes a batch, again each time it is asked for. The images are not varied, so every decoding gives
// the same pixels.
struct LaterPixels {
  DatasetPtr dataset;
  std::vector<uint32_t> indices;  // the images of the batch, as positions in the data set
  int threads = 1;
};

// A batch whose size and labels are known and whose pixels are not. Throws INVALID_ARGUMENT for indices
// beyond the data set.
BatchPtr later_batch(LaterPixels pixels, std::vector<float> mean, std::vector<float> std);

// The batch with its pixels: itself where it has them. Throws what decoding throws, and INVALID_DATASET where
// an image broke since the batch was made.
BatchPtr with_pixels(const BatchPtr& batch);
std::vector<BatchPtr> with_pixels(const std::vector<BatchPtr>& batches);

// Calls `use` with each batch in order, with its pixels. While one is used the next is decoded, so two of
// them are in memory at most.
void each_batch(const std::vector<BatchPtr>& batches, const std::function<void(const Batch&)>& use);

}  // namespace singlepath
