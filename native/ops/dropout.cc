#include <ATen/ops/empty_like.h>

#include "ops/op.h"

namespace singlepath {

// Not at::dropout: it draws from libtorch's one generator, which workers of the same process would share.
at::Tensor dropout(const Node& node, const Inputs& inputs, const Execution& execution) {
  if (execution.mode != Mode::train || node.p == 0) return inputs[0];
  const double keep = 1 - node.p;
  const at::Tensor mask = at::empty_like(inputs[0]).bernoulli_(keep, execution.generator).div_(keep);
  return inputs[0].mul(mask);
}

}  // namespace singlepath
