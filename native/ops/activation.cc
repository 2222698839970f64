#include <ATen/ops/hardsigmoid.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>

#include <string>

#include "core/error.h"
#include "ops/op.h"

namespace singlepath {

at::Tensor activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return at::relu(x);
    case Activation::relu6:
      return at::hardtanh(x, 0, 6);
    case Activation::hswish:
      return at::hardswish(x);
    case Activation::silu:
      return at::silu(x);
    case Activation::sigmoid:
      return at::sigmoid(x);
    case Activation::hsigmoid:
      return at::hardsigmoid(x);
  }
  throw Error("NATIVE", "Unknown activation " + std::to_string(static_cast<int>(activation)));
}

at::Tensor activation(const Node& node, const Inputs& inputs, const Execution&) {
  return activate(node.activation, inputs[0]);
}

}  // namespace singlepath
