#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ops/op.h"

namespace singlepath {

at::Tensor batch_norm(const Node& node, const Inputs& inputs, const Execution& execution) {
  const at::Tensor& x = inputs[0];
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t channels = x.size(1);
  const Slice channel_range{{channels}};
  at::Tensor weight, bias;
  if (node.affine) {
    weight = execution.use(*parameters.weight, channel_range);
    bias = execution.use(*parameters.bias, channel_range);
  }
  const auto apply = [&](const at::Tensor& mean, const at::Tensor& var, bool batch, double momentum) {
    return at::batch_norm(x, weight, bias, mean, var, batch, momentum, node.eps, /*cudnn_enabled=*/true);
  };
  const int64_t count = x.numel() / std::max<int64_t>(1, channels);  // values per channel
  switch (execution.mode) {
    case Mode::train: {
      const at::Tensor mean = channel_range.of(parameters.running_mean->value);
      const at::Tensor var = channel_range.of(parameters.running_var->value);
      if (count > 1) return apply(mean, var, true, node.momentum);
      // The unbiased variance of one value is 0 / 0: it counts as 0, as in the fused kernels. Autograd keeps
      // the tensors it was given, so the buffers themselves are written afterwards.
      const at::Tensor moved_mean = mean.clone();
      at::Tensor y = apply(moved_mean, var.clone(), true, node.momentum);
      at::NoGradGuard no_grad;
      mean.copy_(moved_mean);
      var.mul_(1 - node.momentum);
      return y;
    }
    case Mode::calibrate: {
      // With momentum 1 the running statistics become those of this batch (variance unbiased).
      const auto options = parameters.running_mean->value.options();
      const at::Tensor both = at::zeros({2, channels}, options);
      const at::Tensor mean = both[0], var = both[1];
      at::Tensor y = apply(mean, var, true, 1.0);
      (*execution.statistics)[&node].add(mean, var, count);
      return y;
    }
    case Mode::evaluate:
      break;
  }
  if (execution.statistics != nullptr) {
    const PooledStatistics& own = execution.statistics->at(&node);
    return apply(own.mean, own.var, false, 0);
  }
  return apply(channel_range.of(parameters.running_mean->value),
               channel_range.of(parameters.running_var->value), false, 0);
}

}  // namespace singlepath
