#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor batch_norm(const Node& node, const Inputs& inputs, const Execution& execution) {
  const at::Tensor& x = inputs[0];
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t channels = x.size(1);
  at::Tensor weight, bias;
  if (node.affine) {
    weight = execution.use(*parameters.weight, {channels});
    bias = execution.use(*parameters.bias, {channels});
  }
  const auto apply = [&](const at::Tensor& mean, const at::Tensor& var, bool batch, double momentum) {
    return at::batch_norm(x, weight, bias, mean, var, batch, momentum, node.eps, /*cudnn_enabled=*/true);
  };
  switch (execution.mode) {
    case Mode::train:
      return apply(leading_slice(parameters.running_mean->value, {channels}),
                   leading_slice(parameters.running_var->value, {channels}), true, node.momentum);
    case Mode::calibrate: {
      // With momentum 1 the running statistics become those of this batch (variance unbiased).
      const auto options = parameters.running_mean->value.options();
      at::Tensor mean = at::empty({channels}, options), var = at::empty({channels}, options);
      at::Tensor y = apply(mean, var, true, 1.0);
      (*execution.statistics)[&node].add(mean, var);
      return y;
    }
    case Mode::evaluate:
      break;
  }
  if (execution.statistics != nullptr) {
    const BatchStatistics& own = execution.statistics->at(&node);
    return apply(own.mean, own.var, false, 0);
  }
  return apply(leading_slice(parameters.running_mean->value, {channels}),
               leading_slice(parameters.running_var->value, {channels}), false, 0);
}

}  // namespace singlepath
