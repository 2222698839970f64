#include <ATen/ops/mul.h>

#include <algorithm>

#include "ops/op.h"

namespace singlepath {

// A fused block that pools leaves float32 behind, and the product of bfloat16 with it would be float32 too,
// with all that comes after.
at::Tensor multiply(const Node&, const Inputs& inputs, const Execution&) {
  const bool half = std::any_of(inputs.begin(), inputs.end(),
                                [](const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; });
  const auto stored = [&](const at::Tensor& x) { return half ? x.to(at::kBFloat16) : x; };
  at::Tensor product = stored(inputs[0]);
  for (size_t i = 1; i < inputs.size(); ++i) product = at::mul(product, stored(inputs[i]));
  return product;
}

}  // namespace singlepath
