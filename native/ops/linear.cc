#include <ATen/ops/linear.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor linear(const Node& node, const Inputs& inputs, const Execution& execution) {
  const at::ScalarType type = product_type(inputs[0], execution);
  const at::Tensor x = inputs[0].flatten(1).to(type);
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t out = node.out.at(execution.architecture);
  const at::Tensor weight = execution.use(*parameters.weight, {{out, x.size(1)}}).to(type);
  at::Tensor bias;
  if (node.bias) bias = execution.use(*parameters.bias, {{out}}).to(type);
  return at::linear(x, weight, bias).to(inputs[0].scalar_type());
}

}  // namespace singlepath
