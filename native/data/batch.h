// A batch on its way from the loader to the engine. Plain C++: no torch, no N-API.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/host_buffer.h"

namespace singlepath {

struct LaterPixels;  // data/later.h

// Images, NHWC, and labels. Either `pixels` (normalized by the engine to (x / 255 - mean) / std) or `floats`
// (taken as they are) is filled; neither where the pixels come later.
struct Batch {
  int64_t count = 0, channels = 0, height = 0, width = 0;
  HostBuffer<uint8_t> pixels;
  std::vector<float> floats;
  std::vector<int64_t> labels;
  // Of mixed images (data/mix.h): the label of the other image, and the share of the first. Empty: not mixed.
  std::vector<int64_t> second_labels;
  double share = 1;
  std::vector<float> mean, std;  // one per channel
  std::shared_ptr<const LaterPixels> later;
  // The pixels on a card, where execute/images.h keeps them for as long as the batch lives.
  mutable std::shared_ptr<const void> on_device;
};

using BatchPtr = std::shared_ptr<const Batch>;

}  // namespace singlepath
