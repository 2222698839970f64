// The training pass of a fused block, as one node of the autograd graph.
#pragma once

#include "ops/fused_plan.h"

namespace singlepath {

// Updates running averages and returns the differentiable output.
at::Tensor train_block(const std::shared_ptr<FusedPlan>& plan, const at::Tensor& x,
                       const at::Tensor& residual, const Execution& execution);

}  // namespace singlepath
