// A block the block compiler found (graph/fusion.h) with sizes and parameters, as the fused CPU kernels
// (ops/cpu/chain.h) want it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <memory>
#include <vector>

#include "graph/fusion.h"
#include "ops/cpu/chain.h"
#include "weights/execution.h"

namespace singlepath {

// Channels first, first + step, … of the block's input.
struct ChannelRange {
  int64_t first = 0, step = 1, count = 0;
};

// A chain of the block: which channels it reads and writes, and the parameters of its units.
struct FusedBranch {
  ChannelRange in;
  int64_t out_first = 0;
  cpu::Chain chain;
  std::vector<FusedUnit> units;
  // Per unit; gamma and beta are undefined where BatchNorm has none, scale (a quantizer's) without quantizer.
  // Without BatchNorm beta is the bias.
  std::vector<at::Tensor> weight, gamma, beta, scale;
  std::vector<double> scale_factors;  // of the scales' gradients
};

struct FusedPlan {
  std::vector<FusedBranch> branches;
  bool has_pass = false;
  ChannelRange pass;
  int64_t pass_first = 0;  // in the output
  bool residual = false, own_residual = false, pooled = false;
  Activation post = Activation::none;
  int64_t batch = 0, channels = 0, height = 0, width = 0;
  int64_t out_channels = 0, out_height = 0, out_width = 0;
  bool input_gradient = false;
  // Training: the branches read a part of the input only and keep that, so the input need not.
  bool keeps_input = false;
  at::ScalarType type = at::kFloat;
  std::vector<at::Tensor> saved;  // per branch
};

std::shared_ptr<FusedPlan> plan_block(const FusedBlock& block, const at::Tensor& x,
                                      const Execution& execution);

// What stands on the other side of a block's sum; `own`: the block's input.
void plan_residual(FusedPlan& plan, const at::Tensor& residual, bool own);

// The same as the kernels read it. With bfloat16 it may be float32, which a pooled block leaves behind.
at::Tensor readable_residual(const FusedPlan& plan, const at::Tensor& residual);

// Points the chain's units at the parameters. Tensors that had to be made dense are kept in `kept`.
void bind_parameters(FusedBranch& branch, std::vector<at::Tensor>& kept);

// Uninitialized, for the block's result.
at::Tensor empty_output(const FusedPlan& plan);

// The first of these channels in the first pixel.
char* element(const at::Tensor& tensor, int64_t channel);
// Channels of the block's input, which backward does not have where the plan keeps it (data is null).
cpu::Input input_of(const FusedPlan& plan, const at::Tensor& x, const ChannelRange& channels);

// How a branch's results reach the output; the first branch also carries the passed channels.
cpu::Output output_of(const FusedPlan& plan, const FusedBranch& branch, const at::Tensor& x,
                      const at::Tensor& residual, const at::Tensor& out);

// Runs body(branch, input, output) for every branch, with its parameters bound; returns the block's result.
template <class Body>
at::Tensor run_branches(FusedPlan& plan, const at::Tensor& x, const at::Tensor& residual, const Body& body) {
  const at::Tensor out = empty_output(plan);
  std::vector<at::Tensor> kept;
  for (FusedBranch& branch : plan.branches) {
    bind_parameters(branch, kept);
    body(branch, input_of(plan, x, branch.in), output_of(plan, branch, x, residual, out));
  }
  return out;
}

// What belongs to a unit's output channels (dimension `dim`; may be undefined), from the order of its
// parameters into that of its output, and back.
at::Tensor in_output_order(const FusedUnit& unit, const at::Tensor& tensor, int64_t dim = 0);
at::Tensor in_parameter_order(const FusedUnit& unit, const at::Tensor& tensor, int64_t dim);

// Running statistics as evaluation folds them, of every unit: of(norm, channels) gives mean and variance of a
// BatchNorm.
struct RunningOfBranch {
  std::vector<at::Tensor> kept;
  std::vector<cpu::RunningStatistics> pointers;

  template <class Of>
  RunningOfBranch(const FusedBranch& branch, const Of& of) {
    for (size_t i = 0; i < branch.units.size(); ++i) {
      pointers.emplace_back();
      const FusedUnit& unit = branch.units[i];
      if (unit.norm == nullptr) continue;
      const auto [mean, variance] = of(*unit.norm, branch.chain.units[i].out_channels);
      for (const at::Tensor& one : {mean, variance}) kept.push_back(in_output_order(unit, one));
      pointers.back() = {kept.end()[-2].template data_ptr<float>(), kept.back().template data_ptr<float>()};
    }
  }
};

// Batch statistics of a branch, one row of [2, channels] a unit: mean and unbiased variance.
struct BranchStatistics {
  std::vector<at::Tensor> values;  // in the order of outputs
  std::vector<cpu::BatchStatistics> pointers;

  explicit BranchStatistics(const FusedBranch& branch) {
    for (const cpu::Unit& unit : branch.chain.units) {
      values.push_back(at::empty({2, unit.out_channels}, at::kFloat));
      float* data = values.back().data_ptr<float>();
      pointers.push_back({data, nullptr, data + unit.out_channels, 0});
    }
  }
};

}  // namespace singlepath
