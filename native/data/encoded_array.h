// Image files in memory.
#pragma once

#include <cstdint>
#include <vector>

#include "data/sample_source.h"

namespace singlepath {

struct EncodedArray final : SampleSource {
  std::vector<std::vector<uint8_t>> files;
  std::vector<int32_t> labels;

  int64_t size() const override { return static_cast<int64_t>(files.size()); }
  int64_t label(int64_t index) const override { return labels[static_cast<size_t>(index)]; }
  std::string name(int64_t index) const override { return "image " + std::to_string(index); }
  EncodedImage read(int64_t index, std::vector<uint8_t>&) const override {
    const auto& file = files[static_cast<size_t>(index)];
    return {file.data(), file.size()};
  }
};

}  // namespace singlepath
