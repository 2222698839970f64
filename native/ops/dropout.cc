#include <ATen/ops/empty.h>

#include "ops/op.h"

namespace singlepath {

// Not at::dropout: it draws from libtorch's one generator, which workers of the same process would share.
at::Tensor dropout(const Node& node, const Inputs& inputs, const Execution& execution) {
  if (execution.mode != Mode::train || node.p == 0) return inputs[0];
  const double keep = 1 - node.p;
  // Drawn pixel by pixel whatever layout the input has: the strides of a side of 1 differ between kernels.
  const at::Tensor& x = inputs[0];
  const auto layout = x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const at::Tensor mask = at::empty(x.sizes(), x.options(), layout).bernoulli_(keep, execution.generator);
  return x.mul(mask.div_(keep));
}

}  // namespace singlepath
