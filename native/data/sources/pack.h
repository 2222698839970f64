// Packing a set of images into one file: `singlepath data pack`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "data/sources/image_set.h"

namespace singlepath {

struct PackOptions {
  enum class Mode {
    original,  // the bytes of the files
    jpeg,      // encoded again where the short side is longer than `short_side`, or the image not upright
    raw        // RGB pixels
  };
  Mode mode = Mode::original;
  int short_side = 0;  // pixels; 0: as it is
  int quality = 90;    // of JPEG
  int threads = 1;
  int64_t pixel_limit = 0;
  bool skip = false;         // leave broken images out
  double most_share = 0.01;  // of all images that may be left out
  bool resume = false;       // go on with what an earlier, interrupted call has left
  std::string root;          // names are kept without this beginning
  std::string notes;         // JSON, kept in the file
};

struct PackReport {
  int64_t images = 0, training = 0, bytes = 0;
  int64_t resumed = 0;  // images an earlier call had packed
  std::vector<ImageProblem> left_out;
};

// Packs the training and the test images (either may be absent) to `path`. The file is a function of images
// and options alone, whatever the number of threads and interruptions. Throws INVALID_DATASET for broken
// images, IO, ABORTED (what is packed stays for a later call).
PackReport pack_images(const std::string& path, const SampleSource* training, const SampleSource* test,
                       const std::vector<std::string>& classes, const PackOptions& options,
                       const Cancellation& cancel, const std::function<void(int64_t)>& progress);

}  // namespace singlepath
