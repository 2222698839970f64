// A data set decoded once into memory. Plain C++: no torch, no N-API.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace singlepath {

struct Dataset {
  int64_t count = 0, channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels;  // NHWC
  std::vector<int32_t> labels;

  int64_t image_bytes() const { return channels * height * width; }
  const uint8_t* image(int64_t index) const { return pixels.data() + index * image_bytes(); }
};

using DatasetPtr = std::shared_ptr<const Dataset>;

// Swaps the first and third channel of every image in place (RGB <-> BGR); images need three channels.
void swap_red_and_blue(Dataset& dataset);

// Checks a data set made from arrays: sizes fit one another, no label is negative. Throws INVALID_DATASET.
void check_dataset(const Dataset& dataset);

struct ChannelStatistics {
  std::vector<double> mean, std;  // per channel, pixels in 0..1
};

// Mean and (population) standard deviation per channel over all images.
ChannelStatistics channel_statistics(const Dataset& dataset);

}  // namespace singlepath
