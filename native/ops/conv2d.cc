#include <ATen/ops/conv2d.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor conv2d(const Node& node, const Inputs& inputs, const Execution& execution) {
  const at::ScalarType type = product_type(inputs[0], execution);
  const at::Tensor x = inputs[0].to(type);
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t in = x.size(1);
  const int64_t out = node.depthwise ? in : node.out.at(execution.architecture);
  const int64_t groups = node.depthwise ? in : node.groups;
  at::Tensor weight = execution.use(*parameters.weight, {{out, in / groups}});
  if (node.quantizer != Quantizer::none) weight = quantize_weight(node, weight, execution);
  at::Tensor bias;
  if (node.bias) bias = execution.use(*parameters.bias, {{out}}).to(type);
  // cuDNN's float32 gradient of 7 x 7 depthwise filters in channels_last: 7.2 ms on an H100 where libtorch's
  // own kernel, which takes NCHW, needs 1.8 ms (256 x 80 x 28 x 28); with smaller filters and bf16 cuDNN
  // wins.
  const bool own_kernel = x.is_cuda() && node.depthwise && node.kernel >= 7 && x.scalar_type() == at::kFloat;
  if (own_kernel) {
    return at::conv2d(x.contiguous(), weight, bias, {node.stride, node.stride}, {node.padding, node.padding},
                      {1, 1}, groups)
        .contiguous(at::MemoryFormat::ChannelsLast);
  }
  return at::conv2d(x, weight.to(type), bias, {node.stride, node.stride}, {node.padding, node.padding},
                    {1, 1}, groups)
      .to(inputs[0].scalar_type());
}

}  // namespace singlepath
