#include "ops/op.h"

namespace singlepath {

at::Tensor split(const Node& node, const Inputs& inputs, const Execution&) {
  const int64_t part = inputs[0].size(1) / node.parts;
  return inputs[0].narrow(1, node.index * part, part).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace singlepath
