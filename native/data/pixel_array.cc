#include "data/pixel_array.h"

#include <string>

#include "core/error.h"

namespace singlepath {

void check_arrays(const PixelArray& images) {
  if (images.count <= 0 || images.image_bytes() <= 0) {
    throw Error("INVALID_DATASET", "Expected at least one image with at least one pixel but received shape " +
                                       std::to_string(images.count) + "x" + std::to_string(images.channels) +
                                       "x" + std::to_string(images.height) + "x" +
                                       std::to_string(images.width));
  }
  const auto bytes = static_cast<size_t>(images.count * images.image_bytes());
  if (images.pixels.size() != bytes) {
    throw Error("INVALID_DATASET", "Expected " + std::to_string(bytes) +
                                       " pixel bytes for the shape but received " +
                                       std::to_string(images.pixels.size()));
  }
  if (images.labels.size() != static_cast<size_t>(images.count)) {
    throw Error("INVALID_DATASET", "Expected " + std::to_string(images.count) +
                                       " labels, one for each image, but received " +
                                       std::to_string(images.labels.size()));
  }
  for (size_t i = 0; i < images.labels.size(); i++) {
    if (images.labels[i] < 0) {
      throw Error("INVALID_DATASET", "Expected labels from 0 upwards but received " +
                                         std::to_string(images.labels[i]) + " for image " +
                                         std::to_string(i));
    }
  }
}

}  // namespace singlepath
