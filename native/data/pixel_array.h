// Images of one size, decoded once into memory.
#pragma once

#include <cstdint>
#include <vector>

#include "data/sample_source.h"

namespace singlepath {

struct PixelArray final : SampleSource {
  int64_t count = 0, channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels;  // NHWC
  std::vector<int32_t> labels;

  int64_t image_bytes() const { return channels * height * width; }

  int64_t size() const override { return count; }
  int64_t label(int64_t index) const override { return labels[static_cast<size_t>(index)]; }
  std::string name(int64_t index) const override { return "image " + std::to_string(index); }
  int64_t memory() const override {
    return static_cast<int64_t>(pixels.size() + labels.size() * sizeof(int32_t));
  }
  EncodedImage read(int64_t index, std::vector<uint8_t>&) const override {
    return {pixels.data() + index * image_bytes(),
            static_cast<size_t>(image_bytes()),
            Encoding::raw,
            static_cast<int>(height),
            static_cast<int>(width),
            static_cast<int>(channels)};
  }
};

// Checks images made from arrays: sizes fit one another, no label is negative. Throws INVALID_DATASET.
void check_arrays(const PixelArray& images);

}  // namespace singlepath
