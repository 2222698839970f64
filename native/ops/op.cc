#include "ops/op.h"

#include "core/error.h"

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

}  // namespace singlepath
