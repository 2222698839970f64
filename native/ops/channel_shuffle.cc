#include "ops/op.h"

namespace singlepath {

// y[:, i * groups + g] = x[:, g * (C / groups) + i] (ShuffleNet, arXiv 1707.01083, figure 1).
at::Tensor channel_shuffle(const Node& node, const Inputs& inputs, const Execution&) {
  const at::Tensor& x = inputs[0];
  const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  // Not at::channel_shuffle: its gradient and layout differ between versions.
  return x.reshape({n, node.groups, c / node.groups, h, w})
      .transpose(1, 2)
      .reshape({n, c, h, w})
      .contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace singlepath
