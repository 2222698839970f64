// What one run of a path needs besides the graph: the architecture, the weights, and what BatchNorm does.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "weights/parameters.h"
#include "weights/quantized_weights.h"

namespace singlepath {

enum class Mode {
  train,      // batch statistics, running averages updated, dropout
  calibrate,  // batch statistics, recorded; no dropout, no gradient
  evaluate    // given statistics
};

// BatchNorm statistics of one node: mean and unbiased variance over all values of all calibration batches, as
// if their inputs of this node were one tensor. Batches of unequal sizes count by their values (Chan, Golub
// and LeVeque's pairwise update, "Algorithms for computing the sample variance", 1983, equation 2.1).
struct PooledStatistics {
  at::Tensor mean;    // [channels], float64 until finished, then float32
  at::Tensor var;     // squared deviations from the mean, summed, until finished; then the variance
  int64_t count = 0;  // values per channel: images x pixels
  // The BatchNorm with these statistics as weights/folded_norm.h has it, where that was computed ahead.
  at::Tensor scale, shift;

  // `batch_count` values per channel. The variance of a single value is taken as 0. On a GPU batches are put
  // aside until finish(), which merges them with a few launches in place of eight for each.
  void add(const at::Tensor& batch_mean, const at::Tensor& batch_unbiased_var, int64_t batch_count);
  void finish();
  // Mean and unbiased variance of the last batch that was put aside.
  std::pair<at::Tensor, at::Tensor> put_aside() const { return {means_.back(), vars_.back()}; }

 private:
  void merge_batches();

  std::vector<at::Tensor> means_, vars_;  // put aside; variances unbiased
  std::vector<double> counts_;
};

using StatisticsMap = std::unordered_map<const Node*, PooledStatistics>;

struct Execution {
  const Architecture& architecture;
  ParameterStore& parameters;
  Mode mode = Mode::evaluate;
  // train: leaves of the step; null elsewhere.
  ActivePath* path = nullptr;
  // calibrate: where batch statistics are added; evaluate: where they come from (null: the buffers).
  StatisticsMap* statistics = nullptr;
  // Fused kernels: of chains on a CPU, of BatchNorm and the activation behind it on a card; else op by op
  // through ATen.
  bool fused = false;
  // train: of this step's dropout masks.
  at::Generator generator = {};
  // Told the input of every activation as it runs (evaluate/naswot.h); not with fused kernels.
  const std::function<void(const at::Tensor&)>* on_activation = nullptr;
  // evaluate, op by op: a BatchNorm behind a pointwise convolution is folded into it (ops/folded_unit.h).
  bool folded = false;
  // Where quantized weights are kept from batch to batch; null: they are quantized each time.
  QuantizedWeights* quantized_weights = nullptr;

  // Part of a parameter: a leaf with gradient when training, a plain view elsewhere.
  at::Tensor use(Parameter& parameter, const Slice& slice) const {
    return path ? path->leaf(parameter, slice) : slice.of(parameter.value);
  }
};

}  // namespace singlepath
