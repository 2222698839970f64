// Stochastic gradient descent over the parameters of one path.
#pragma once

#include "weights/parameters.h"

namespace singlepath {

struct SgdOptions {
  double learning_rate = 0;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;  // on weights with more than one dimension only
};

// Euclidean norm of all gradients of the path.
double gradient_norm(ActivePath& path);
void scale_gradients(ActivePath& path, double factor);

// m = momentum * m + g + decay * p; p -= rate * m (Nesterov: rate * (g' + momentum * m)). Momentum starts at
// 0, which equals PyTorch's first step. Only slices of the path are read or written.
// Steps and bounds of quantizers stay positive.
void sgd_update(ActivePath& path, const SgdOptions& options);

}  // namespace singlepath
