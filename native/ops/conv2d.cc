#include <ATen/ops/conv2d.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor conv2d(const Node& node, const Inputs& inputs, const Execution& execution) {
  const at::Tensor& x = inputs[0];
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t in = x.size(1);
  const int64_t out = node.depthwise ? in : node.out.at(execution.architecture);
  const int64_t groups = node.depthwise ? in : node.groups;
  at::Tensor weight = execution.use(*parameters.weight, {{out, in / groups}});
  if (node.quantizer != Quantizer::none) weight = quantize_weight(node, weight, execution);
  at::Tensor bias;
  if (node.bias) bias = execution.use(*parameters.bias, {{out}}).to(x.scalar_type());
  return at::conv2d(x, weight.to(x.scalar_type()), bias, {node.stride, node.stride},
                    {node.padding, node.padding}, {1, 1}, groups);
}

}  // namespace singlepath
