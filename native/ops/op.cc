#include "ops/op.h"

#include "core/error.h"

namespace singlepath {

at::Tensor run_op(const Node& node, const Inputs& inputs, const Execution& execution) {
  switch (node.op) {
    case Op::conv2d:
      return conv2d(node, inputs, execution);
    case Op::batch_norm:
      return batch_norm(node, inputs, execution);
    case Op::activation:
      return activation(node, inputs, execution);
    case Op::channel_shuffle:
      return channel_shuffle(node, inputs, execution);
    case Op::split:
      return split(node, inputs, execution);
    case Op::slice:
      return slice(node, inputs, execution);
    case Op::concat:
      return concat(node, inputs, execution);
    case Op::add:
      return add(node, inputs, execution);
    case Op::adaptive_average_pool:
      return adaptive_average_pool(node, inputs, execution);
    case Op::max_pool:
      return max_pool(node, inputs, execution);
    case Op::dropout:
      return dropout(node, inputs, execution);
    case Op::linear:
      return linear(node, inputs, execution);
    case Op::fake_quantize:
      return fake_quantize(node, inputs, execution);
  }
  throw Error("NATIVE", "Unknown op in node " + node.name);
}

}  // namespace singlepath
