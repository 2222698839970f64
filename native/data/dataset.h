// A set of images as batches want them: all of one shape. Plain C++: no torch, no N-API.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/broken_images.h"
#include "data/image/decoder.h"
#include "data/image_cache.h"
#include "data/sample_source.h"

namespace singlepath {

struct ImageShape {
  int channels = 0, height = 0, width = 0;

  size_t bytes() const {
    return static_cast<size_t>(channels) * static_cast<size_t>(height) * static_cast<size_t>(width);
  }
};

struct DatasetOptions {
  ImageShape shape;  // of the images delivered; what is 0 is taken from the first image
  // Where nothing is varied: the short side is scaled to this many pixels, then the centre is taken. 0: 8/7
  // of the shorter side delivered (256 for 224), but images of the very shape are taken as they are.
  int resize = 0;
  bool upright = true;  // turned as EXIF's orientation says
  bool bgr = false;     // delivered with the first and third channel swapped
  // Never use JPEG's scaled decoding, which is faster for large pictures and differs a little.
  bool exact = false;
  int64_t pixel_limit = kPixelLimit;
  int64_t cache_bytes = 0;  // decoded images kept, where all of them fit
  BrokenPolicy broken;
};

class Dataset {
 public:
  // Throws INVALID_DATASET for a set without images.
  Dataset(std::shared_ptr<const SampleSource> source, DatasetOptions options);

  int64_t size() const { return source_->size(); }
  int64_t label(int64_t index) const { return source_->label(index); }
  // Throws INVALID_ARGUMENT for an index that no image has.
  void check_indices(const std::vector<uint32_t>& indices) const;
  const ImageShape& shape() const { return options_.shape; }
  const DatasetOptions& options() const { return options_; }
  const SampleSource& source() const { return *source_; }

  // Both are filled by whoever decodes, on any thread.
  ImageCache& cache() const { return cache_; }
  BrokenImages& broken() const { return broken_; }

 private:
  const std::shared_ptr<const SampleSource> source_;
  const DatasetOptions options_;
  mutable ImageCache cache_;
  mutable BrokenImages broken_;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

struct ChannelStatistics {
  std::vector<double> mean, std;  // per channel, pixels in 0..1
};

// Mean and (population) standard deviation per channel of the images as they are delivered: of all that lie
// in memory, of at most 4,000, evenly spread, where they have to be decoded. With `chosen` of these images
// alone. Throws INVALID_ARGUMENT where it names none, or one that is not there; INVALID_DATASET, IO.
ChannelStatistics channel_statistics(const DatasetPtr& dataset,
                                     const std::optional<std::vector<uint32_t>>& chosen);

}  // namespace singlepath
