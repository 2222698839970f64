#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/sizes.h"
#include "data/image_worker.h"

namespace singlepath {
namespace {

constexpr int64_t kMostDecoded = 4000;

// The size of the first image that can be read.
void take_size(const SampleSource& source, int64_t pixel_limit, ImageShape& shape) {
  ImageDecoder decoder(pixel_limit);
  std::vector<uint8_t> buffer;
  std::string reason;
  for (int64_t i = 0; i < std::min<int64_t>(source.size(), 100); i++) {
    try {
      const ImageHeader header = decoder.open(source.read(i, buffer));
      shape.height = header.orientation >= 5 ? header.width : header.height;
      shape.width = header.orientation >= 5 ? header.height : header.width;
      return;
    } catch (const DecodeError& error) {
      if (reason.empty()) reason = "Cannot decode '" + source.name(i) + "': " + error.what();
    }
  }
  throw Error("INVALID_DATASET", reason);
}

DatasetOptions completed(const SampleSource& source, DatasetOptions options) {
  if (source.size() < 1) throw Error("INVALID_DATASET", "Expected at least one image but there is none");
  ImageShape& shape = options.shape;
  if (shape.channels == 0) {
    std::vector<uint8_t> buffer;
    const EncodedImage first = source.read(0, buffer);
    shape.channels = first.kind == Encoding::raw ? first.channels : 3;
  }
  if (shape.height == 0) take_size(source, options.pixel_limit, shape);
  return options;
}

}  // namespace

Dataset::Dataset(std::shared_ptr<const SampleSource> source, DatasetOptions options)
    : source_(std::move(source)),
      options_(completed(*source_, options)),
      cache_(options.cache_bytes, source_->size()),
      broken_(options.broken, source_->size()) {
  const ImageShape& shape = options_.shape;
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1) {
    throw Error("INVALID_ARGUMENT", "Expected images of at least one pixel but received shape " +
                                        std::to_string(shape.channels) + "x" + std::to_string(shape.height) +
                                        "x" + std::to_string(shape.width));
  }
  checked_product({shape.channels, shape.height, shape.width}, "an image");
  if (options_.bgr && shape.channels != 3) {
    throw Error("INVALID_DATASET", "Expected images of 3 channels for channel order 'bgr' but received " +
                                       std::to_string(shape.channels));
  }
}

void Dataset::check_indices(const std::vector<uint32_t>& indices) const {
  for (const uint32_t index : indices) {
    if (index >= static_cast<uint64_t>(size())) {
      throw Error("INVALID_ARGUMENT", "Expected image indices below " + std::to_string(size()) +
                                          " but received " + std::to_string(index));
    }
  }
}

ChannelStatistics channel_statistics(const DatasetPtr& dataset,
                                     const std::optional<std::vector<uint32_t>>& chosen) {
  if (chosen) dataset->check_indices(*chosen);
  const int64_t size = chosen ? static_cast<int64_t>(chosen->size()) : dataset->size();
  if (size == 0) throw Error("INVALID_ARGUMENT", "Expected at least one image to take statistics of");
  // Counting the 256 values keeps the sums exact, whatever the number of images.
  const auto channels = static_cast<size_t>(dataset->shape().channels);
  std::vector<std::array<uint64_t, 256>> histogram(channels);
  for (auto& counts : histogram) counts.fill(0);
  ImageWorker worker(dataset);
  std::vector<uint8_t> bytes, image(dataset->shape().bytes());
  const bool decoded = dataset->source().read(0, bytes).kind == Encoding::raw;
  const int64_t images = decoded ? size : std::min(size, kMostDecoded);
  for (int64_t i = 0; i < images; i++) {
    const int64_t at = i * size / images;
    const int64_t index = chosen ? (*chosen)[static_cast<size_t>(at)] : at;
    if (!worker.prepare(index, {}, 0, 0, image.data())) continue;
    for (auto pixel = image.begin(); pixel != image.end();) {
      for (auto& counts : histogram) counts[*pixel++]++;
    }
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
