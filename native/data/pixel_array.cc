#include "data/pixel_array.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/sizes.h"
#include "data/labels.h"

namespace singlepath {

void check_arrays(const PixelArray& images) {
  const int64_t bytes =
      checked_product({images.count, images.channels, images.height, images.width}, "images");
  const int64_t longest = std::max({images.channels, images.height, images.width});
  if (bytes == 0 || longest > INT32_MAX) {
    throw Error("INVALID_DATASET", "Expected at least one image with at least one pixel but received shape " +
                                       std::to_string(images.count) + "x" + std::to_string(images.channels) +
                                       "x" + std::to_string(images.height) + "x" +
                                       std::to_string(images.width));
  }
  if (images.pixels.size() != static_cast<size_t>(bytes)) {
    throw Error("INVALID_DATASET", "Expected " + std::to_string(bytes) +
                                       " pixel bytes for the shape but received " +
                                       std::to_string(images.pixels.size()));
  }
  check_labels(images.labels, images.count);
}

}  // namespace singlepath
