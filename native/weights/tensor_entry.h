// A tensor as it crosses to JavaScript and into files.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace singlepath {

struct TensorEntry {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> data;
};

// A copy on the host, in float32.
TensorEntry entry_of(const std::string& name, const at::Tensor& tensor);

// Copies the entry's values into `target`, which has its number of elements.
void copy_into(at::Tensor target, const TensorEntry& entry);

}  // namespace singlepath
