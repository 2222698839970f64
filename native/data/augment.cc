#include "data/augment.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/rng.h"

namespace singlepath {
namespace {

// Crop of the zero-padded image whose top left corner lies (top, left) pixels from the image's own.
void crop(const Dataset& dataset, const uint8_t* image, int64_t top, int64_t left, uint8_t* out) {
  const int64_t channels = dataset.channels, height = dataset.height, width = dataset.width;
  const int64_t begin = std::clamp<int64_t>(-left, 0, width), end = std::clamp(width - left, begin, width);
  for (int64_t y = 0; y < height; y++, out += width * channels) {
    const int64_t from = y + top;
    if (from < 0 || from >= height) {
      std::memset(out, 0, static_cast<size_t>(width * channels));
      continue;
    }
    std::memset(out, 0, static_cast<size_t>(begin * channels));
    std::memcpy(out + begin * channels, image + (from * width + begin + left) * channels,
                static_cast<size_t>((end - begin) * channels));
    std::memset(out + end * channels, 0, static_cast<size_t>((width - end) * channels));
  }
}

void flip_rows(const Dataset& dataset, uint8_t* image) {
  const int64_t channels = dataset.channels, row = dataset.width * channels;
  for (int64_t y = 0; y < dataset.height; y++, image += row) {
    if (channels == 1) {
      std::reverse(image, image + row);
      continue;
    }
    for (int64_t a = 0, b = row - channels; a < b; a += channels, b -= channels) {
      std::swap_ranges(image + a, image + a + channels, image + b);
    }
  }
}

}  // namespace

void write_augmented(const Dataset& dataset, int64_t index, const Augment& augment, uint64_t seed,
                     uint64_t epoch, uint8_t* out) {
  const uint8_t* image = dataset.image(index);
  RandomStream random(seed, Purpose::augmentation, (epoch << 32) + static_cast<uint64_t>(index));
  if (augment.padding > 0) {
    const auto places = static_cast<uint64_t>(2 * augment.padding + 1);
    const auto top = static_cast<int64_t>(random.integer(places)) - augment.padding;
    const auto left = static_cast<int64_t>(random.integer(places)) - augment.padding;
    crop(dataset, image, top, left, out);
  } else {
    std::memcpy(out, image, static_cast<size_t>(dataset.image_bytes()));
  }
  if (augment.flip && random.integer(2) == 1) flip_rows(dataset, out);
}

}  // namespace singlepath
