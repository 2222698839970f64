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

// Leaves of the path that have a gradient.
std::vector<ActivePath::Leaf*> leaves_with_gradient(ActivePath& path);

// Euclidean norm of all gradients of the path.
double gradient_norm(ActivePath& path);
void scale_gradients(ActivePath& path, double factor);

// Gives those a momentum of zeros that have none yet, and returns their parameters.
std::vector<Parameter*> create_momenta(const std::vector<ActivePath::Leaf*>& leaves);

// m = momentum * m + g + decay * p; p -= rate * m (Nesterov: rate * (g' + momentum * m)). Momentum starts at
// 0, which equals PyTorch's first step. Only slices of the path are read or written.
// Steps and bounds of quantizers stay positive. On a CPU: see train/device_sgd.h.
void sgd_update(ActivePath& path, const SgdOptions& options);

}  // namespace singlepath
