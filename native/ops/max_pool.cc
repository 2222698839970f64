#include <ATen/ops/max_pool2d.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor max_pool(const Node& node, const Inputs& inputs, const Execution&) {
  return at::max_pool2d(inputs[0], {node.kernel, node.kernel}, {node.stride, node.stride},
                        {node.padding, node.padding});
}

}  // namespace singlepath
