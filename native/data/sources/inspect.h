// What is in a set of images: `singlepath data info` and `verify`.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "core/cancel.h"
#include "data/sample_source.h"
#include "data/sources/listing.h"

namespace singlepath {

struct InspectOptions {
  // Images that are decoded, evenly spread; of the others the header is read. Negative: all.
  int64_t decode = -1;
  int threads = 1;
  int64_t pixel_limit = 0;
};

struct InspectReport {
  int64_t images = 0, bytes = 0, decoded = 0;
  int64_t jpeg = 0, png = 0, raw = 0;
  std::array<int, 3> height = {}, width = {};  // smallest, median, largest; upright
  std::vector<int64_t> per_class;              // up to the largest label
  // Per channel in units of 0..1, every image counted alike; of those decoded, empty where there are none.
  std::vector<double> mean, std;
  std::vector<ImageProblem> broken;  // in order
};

// Throws ABORTED. `progress` is told how many images are done, on any thread.
InspectReport inspect_images(const SampleSource& source, const InspectOptions& options,
                             const Cancellation& cancel, const std::function<void(int64_t)>& progress);

}  // namespace singlepath
