// The update of a path's parameters on a GPU: a few launches for all of them together.
#pragma once

#include "train/board.h"
#include "train/optimizer.h"

namespace singlepath {

// The Euclidean norm of all gradients, to board.norm. Returns what the gradients are to be divided by, so
// that their norm is at most `largest`: a scalar on the card.
at::Tensor device_clipping(const std::vector<ActivePath::Leaf*>& leaves, double largest, StepBoard& board);

// sgd_update() of these leaves, which changes nothing while board.failed is 1. Gradients are divided by
// `divisor` first, where it is defined.
void device_sgd(const std::vector<ActivePath::Leaf*>& leaves, const SgdOptions& options,
                const at::Tensor& divisor, const StepBoard& board);

}  // namespace singlepath
