// The update of a path's parameters on a GPU: a few launches for all of them together.
#pragma once

#include "train/board.h"
#include "train/optimizer.h"

namespace singlepath {

// The Euclidean norm of all gradients, to board.norm.
void device_gradient_norm(const std::vector<ActivePath::Leaf*>& leaves, StepBoard& board);

// sgd_update() of these leaves, which changes nothing while board.failed is 1. Gradients are divided by
// `divisor` first, where it is defined.
void device_sgd(const std::vector<ActivePath::Leaf*>& leaves, const SgdOptions& options,
                const at::Tensor& divisor, const StepBoard& board);

}  // namespace singlepath
