#include "data/labels.h"

#include <string>

#include "core/error.h"

namespace singlepath {

void check_labels(const std::vector<int32_t>& labels, int64_t images) {
  if (labels.size() != static_cast<size_t>(images)) {
    throw Error("INVALID_DATASET", "Expected " + std::to_string(images) +
                                       " labels, one for each image, but received " +
                                       std::to_string(labels.size()));
  }
  for (size_t i = 0; i < labels.size(); i++) {
    if (labels[i] < 0) {
      throw Error("INVALID_DATASET", "Expected labels from 0 upwards but received " +
                                         std::to_string(labels[i]) + " for image " + std::to_string(i));
    }
  }
}

}  // namespace singlepath
