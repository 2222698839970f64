// Evaluation op by op with BatchNorm folded: a pointwise convolution, the BatchNorm and the ReLU behind it as
// one matrix product, whose bias and ReLU cuBLAS adds as it writes. libtorch's convolutions add a bias in a
// pass of its own (cuDNN), which would cost what the BatchNorm did, so others are left as they are.
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/fusion.h"
#include "weights/execution.h"

namespace singlepath {

// `unit`: of a step of Fusion::pointwise. x: [N, C, H, W] in channels_last layout, as the result. In fp32
// within 1e-5 of the largest value of what the ops give one by one.
at::Tensor folded_unit(const FusedUnit& unit, const at::Tensor& x, const Execution& execution);

}  // namespace singlepath
