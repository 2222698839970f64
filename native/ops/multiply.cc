#include <ATen/ops/mul.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor multiply(const Node&, const Inputs& inputs, const Execution&) {
  at::Tensor product = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) product = at::mul(product, inputs[i]);
  return product;
}

}  // namespace singlepath
