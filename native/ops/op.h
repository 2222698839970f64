// One function per op, each in the file of its name. Inputs and output are [N, C, H, W] in channels_last
// layout (linear: [N, C]); all are differentiable through autograd.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "weights/execution.h"

namespace singlepath {

using Inputs = std::vector<at::Tensor>;

at::Tensor run_op(const Node& node, const Inputs& inputs, const Execution& execution);

at::Tensor conv2d(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor batch_norm(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor activation(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor channel_shuffle(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor split(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor slice(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor concat(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor add(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor adaptive_average_pool(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor max_pool(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor dropout(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor linear(const Node& node, const Inputs& inputs, const Execution& execution);
at::Tensor fake_quantize(const Node& node, const Inputs& inputs, const Execution& execution);

// Weights as the convolution sees them: DoReFa or LSQ at `bits` (ops/quantize.cc).
at::Tensor quantize_weight(const Node& node, const at::Tensor& weight, const Execution& execution);

}  // namespace singlepath
