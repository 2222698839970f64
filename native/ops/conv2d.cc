#include <ATen/ops/conv2d.h>
#include <ATen/ops/slice.h>

#include "ops/op.h"

namespace singlepath {
namespace {

// oneDNN's AVX2 kernel for the weight gradients of 1 x 1 convolutions with a stride writes behind its result
// where there are fewer than 8 input channels (libtorch 2.13: 3 to 31 channels, 16 x 16 maps, stride 2).
bool overruns(const Node& node, const at::Tensor& x) {
  return x.is_cpu() && node.kernel == 1 && node.stride > 1 && node.padding == 0 && x.size(1) < 8;
}

// The pixels that such a convolution reads.
at::Tensor every(int64_t stride, const at::Tensor& x) {
  return at::slice(at::slice(x, 2, 0, x.size(2), stride), 3, 0, x.size(3), stride);
}

}  // namespace

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
  const bool taken = overruns(node, x);
  const int64_t stride = taken ? 1 : node.stride;
  return at::conv2d(taken ? every(node.stride, x) : x, weight.to(type), bias, {stride, stride},
                    {node.padding, node.padding}, {1, 1}, groups)
      .to(inputs[0].scalar_type());
}

}  // namespace singlepath
