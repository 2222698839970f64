#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"

namespace singlepath {

void swap_red_and_blue(Dataset& dataset) {
  if (dataset.channels != 3) {
    throw Error("INVALID_DATASET", "Expected images of 3 channels for channel order 'bgr' but received " +
                                       std::to_string(dataset.channels));
  }
  for (size_t i = 0; i < dataset.pixels.size(); i += 3) std::swap(dataset.pixels[i], dataset.pixels[i + 2]);
}

void check_dataset(const Dataset& dataset) {
  if (dataset.count <= 0 || dataset.image_bytes() <= 0) {
    throw Error("INVALID_DATASET", "Expected at least one image with at least one pixel but received shape " +
                                       std::to_string(dataset.count) + "x" +
                                       std::to_string(dataset.channels) + "x" +
                                       std::to_string(dataset.height) + "x" + std::to_string(dataset.width));
  }
  const auto bytes = static_cast<size_t>(dataset.count * dataset.image_bytes());
  if (dataset.pixels.size() != bytes) {
    throw Error("INVALID_DATASET", "Expected " + std::to_string(bytes) +
                                       " pixel bytes for the shape but received " +
                                       std::to_string(dataset.pixels.size()));
  }
  if (dataset.labels.size() != static_cast<size_t>(dataset.count)) {
    throw Error("INVALID_DATASET", "Expected " + std::to_string(dataset.count) +
                                       " labels, one for each image, but received " +
                                       std::to_string(dataset.labels.size()));
  }
  for (size_t i = 0; i < dataset.labels.size(); i++) {
    if (dataset.labels[i] < 0) {
      throw Error("INVALID_DATASET", "Expected labels from 0 upwards but received " +
                                         std::to_string(dataset.labels[i]) + " for image " +
                                         std::to_string(i));
    }
  }
}

ChannelStatistics channel_statistics(const Dataset& dataset) {
  // Counting the 256 values keeps the sums exact, whatever the number of images.
  std::vector<std::array<uint64_t, 256>> histogram(static_cast<size_t>(dataset.channels));
  for (auto& counts : histogram) counts.fill(0);
  for (auto pixel = dataset.pixels.begin(); pixel != dataset.pixels.end();) {
    for (auto& counts : histogram) counts[*pixel++]++;
  }
  ChannelStatistics result;
  for (const auto& counts : histogram) {
    double count = 0, sum = 0, squares = 0;
    for (int value = 0; value < 256; value++) {
      const auto times = static_cast<double>(counts[static_cast<size_t>(value)]);
      count += times;
      sum += times * value;
      squares += times * value * value;
    }
    const double mean = sum / count;
    result.mean.push_back(mean / 255);
    result.std.push_back(std::sqrt(std::max(0.0, squares / count - mean * mean)) / 255);
  }
  return result;
}

}  // namespace singlepath
