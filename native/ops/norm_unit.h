// BatchNorm and the activation behind it as one step. On a card these are kernels of our own
// (norm_kernels.h), with the results of the two ops to 2e-5 of the largest value in fp32; elsewhere the two
// ops.
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/fusion.h"
#include "weights/execution.h"

namespace singlepath {

// `unit`: of a block without a convolution. Our kernels only where Execution::fused. x: [N, C, H, W] in
// channels_last layout, as the result.
at::Tensor norm_unit(const FusedUnit& unit, const at::Tensor& x, const Execution& execution);

}  // namespace singlepath
