// From an index to the pixels in a batch: read, decode, cut, resize, vary.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "data/image/decoder.h"
#include "data/image/resize.h"
#include "data/placement.h"

namespace singlepath {

// Nanoseconds of one thread's work.
struct ImageTimes {
  int64_t read = 0, decode = 0, transform = 0;

  // Adds what came since `before`.
  void add(const ImageTimes& now, const ImageTimes& before) {
    read += now.read - before.read;
    decode += now.decode - before.decode;
    transform += now.transform - before.transform;
  }
};

// Keeps its memory from image to image; for one thread.
class ImageWorker {
 public:
  explicit ImageWorker(DatasetPtr dataset)
      : dataset_(std::move(dataset)), decoder_(dataset_->options().pixel_limit) {}

  // Writes image `index`, varied for `epoch`, to `out` (the data set's shape, NHWC bytes). False where it is
  // broken and broken images are skipped. Throws INVALID_DATASET, IO.
  bool prepare(int64_t index, const Augment& augment, uint64_t seed, uint64_t epoch, uint8_t* out);

  const ImageTimes& times() const { return times_; }

 private:
  void write(int64_t index, const Augment& augment, uint64_t seed, uint64_t epoch, uint8_t* out);
  void open(int64_t index);
  void keep_whole(int64_t index);
  int64_t whole_bytes() const;
  int upright_height() const;
  int upright_width() const;
  PixelView upright(const Window& window, int denominator);
  PixelView sized(const Placement& placement, bool exact, bool flip, bool* flipped, uint8_t* out);

  const DatasetPtr dataset_;
  ImageDecoder decoder_;
  ImageHeader header_;
  Resizer resizer_;
  ResizeAxis rows_, columns_;
  std::vector<uint8_t> bytes_, turned_, moved_;
  ImageTimes times_;
};

}  // namespace singlepath
