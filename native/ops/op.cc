#include "ops/op.h"

#include "core/error.h"
#include "ops/cpu/kernels.h"

namespace singlepath {

at::Tensor run_op(const Node& node, const Inputs& inputs, const Execution& execution) {
  switch (node.op) {
#define SINGLEPATH_ROW(name, text) \
  case Op::name:                   \
    return name(node, inputs, execution);
    SINGLEPATH_OPS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
  }
  throw Error("NATIVE", "Unknown op in node " + node.name);
}

at::ScalarType product_type(const at::Tensor& x, const Execution& execution) {
  const bool emulated =
      execution.fused && x.is_cpu() && x.scalar_type() == at::kBFloat16 && !cpu::kernels().bf16_products;
  return emulated ? at::kFloat : x.scalar_type();
}

}  // namespace singlepath
