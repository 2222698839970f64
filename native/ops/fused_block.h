// Runs a block the block compiler found (graph/fusion.h) through the fused CPU kernels (ops/cpu/chain.h).
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/fusion.h"
#include "weights/execution.h"

namespace singlepath {

// Whether the kernels take this input in this mode: CPU, float32 or bfloat16, and no gradient through given
// statistics.
bool can_fuse(const at::Tensor& x, const Execution& execution);

// inputs: the block's input [N, C, H, W] and, with a residual, what is added. Differentiable when training.
// The result is channels_last, float32 when pooled.
at::Tensor fused_block(const FusedBlock& block, const std::vector<at::Tensor>& inputs,
                       const Execution& execution);

}  // namespace singlepath
