#include <ATen/ops/add.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor add(const Node&, const Inputs& inputs, const Execution&) {
  at::Tensor sum = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) sum = at::add(sum, inputs[i]);
  return sum;
}

}  // namespace singlepath
