#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>

#include "core/error.h"
#include "ops/op.h"

namespace singlepath {

at::Tensor activation(const Node& node, const Inputs& inputs, const Execution&) {
  switch (node.activation) {
    case Activation::none:
      return inputs[0];
    case Activation::relu:
      return at::relu(inputs[0]);
    case Activation::relu6:
      return at::hardtanh(inputs[0], 0, 6);
    case Activation::hswish:
      return at::hardswish(inputs[0]);
    case Activation::silu:
      return at::silu(inputs[0]);
    case Activation::sigmoid:
      return at::sigmoid(inputs[0]);
    case Activation::hsigmoid:
      return at::hardsigmoid(inputs[0]);
  }
  throw Error("NATIVE", "Unknown activation in node " + node.name);
}

}  // namespace singlepath
