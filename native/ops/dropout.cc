#include <ATen/ops/dropout.h>

#include "ops/op.h"

namespace singlepath {

// Masks come from libtorch's generator, which the step seeds with its own key (train/step.cc).
at::Tensor dropout(const Node& node, const Inputs& inputs, const Execution& execution) {
  return at::dropout(inputs[0], node.p, execution.mode == Mode::train);
}

}  // namespace singlepath
