// What one run of a path needs besides the graph: the architecture, the weights, and what BatchNorm does.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <unordered_map>

#include "graph/graph.h"
#include "supernet/parameters.h"

namespace singlepath {

enum class Mode {
  train,      // batch statistics, running averages updated, dropout
  calibrate,  // batch statistics, recorded; no dropout, no gradient
  evaluate    // given statistics
};

// BatchNorm statistics of one node: the average over calibration batches of each batch's mean and unbiased
// variance, which is what PyTorch computes with momentum = None.
struct BatchStatistics {
  at::Tensor mean;  // float64 sums until finished
  at::Tensor var;
  int64_t batches = 0;

  void add(const at::Tensor& batch_mean, const at::Tensor& batch_unbiased_var);
  // Turns the sums into float32 averages.
  void finish();
};

using StatisticsMap = std::unordered_map<const Node*, BatchStatistics>;

struct Execution {
  const Architecture& architecture;
  ParameterStore& parameters;
  Mode mode = Mode::evaluate;
  // train: leaves of the step; null elsewhere.
  ActivePath* path = nullptr;
  // calibrate: where batch statistics are added; evaluate: where they come from (null: the buffers).
  StatisticsMap* statistics = nullptr;
  // Fused kernels where a chain is recognised; else op by op through ATen.
  bool fused = false;
  // train: of this step's dropout masks.
  at::Generator generator = {};

  // Part of a parameter: a leaf with gradient when training, a plain view elsewhere.
  at::Tensor use(Parameter& parameter, const Slice& slice) const {
    return path ? path->leaf(parameter, slice) : slice.of(parameter.value);
  }
};

}  // namespace singlepath
