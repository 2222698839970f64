#include <ATen/ops/slice.h>

#include "ops/op.h"

namespace singlepath {

at::Tensor slice(const Node& node, const Inputs& inputs, const Execution&) {
  const int64_t end = node.end < 0 ? inputs[0].size(1) : node.end;
  return at::slice(inputs[0], 1, node.start, end, node.step).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace singlepath
