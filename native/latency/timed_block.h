// A block whose time is measured, as it is deployed: nothing is trained, nothing is left to choose, BatchNorm
// is part of the convolutions.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "graph/graph.h"

namespace singlepath {

struct DeploymentOptions {
  at::Device device = at::kCPU;
  bool fused = false;
  at::ScalarType storage = at::kFloat;  // of activations
  int64_t batch = 1;
};

struct BlockShape {
  int64_t channels = 0, height = 0, width = 0;
};

class TimedBlock {
 public:
  virtual ~TimedBlock() = default;
  // x: [N, C, H, W], channels_last.
  virtual at::Tensor run(const at::Tensor& x) const = 0;
  // What run() has to compute: op by op, in fp32, nothing folded. Undefined where there is no such reference.
  virtual at::Tensor reference(const at::Tensor&) const { return {}; }
};

// Our kernels: `description` has one layer and no genes. BatchNorm statistics are those of random inputs, so
// that values stay of the size they have in a trained network: numbers that fade away are slow (denormals).
std::unique_ptr<TimedBlock> folded_block(NetworkDescription description, const BlockShape& shape,
                                         const DeploymentOptions& options);

// libtorch's interpreter: a TorchScript module, frozen and optimised for inference.
std::unique_ptr<TimedBlock> script_block(const std::string& bytes, const BlockShape& shape,
                                         const DeploymentOptions& options);

// Normally distributed, channels_last, in the storage of activations.
at::Tensor random_input(const BlockShape& shape, const DeploymentOptions& options);

}  // namespace singlepath
