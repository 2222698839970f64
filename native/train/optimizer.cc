#include "train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace singlepath {

double gradient_norm(ActivePath& path) {
  at::NoGradGuard no_grad;
  double sum = 0;
  for (const ActivePath::Leaf& leaf : path.leaves()) {
    if (!leaf.view.grad().defined()) continue;
    const double norm = leaf.view.grad().norm().item<double>();
    sum += norm * norm;
  }
  return std::sqrt(sum);
}

void scale_gradients(ActivePath& path, double factor) {
  at::NoGradGuard no_grad;
  for (ActivePath::Leaf& leaf : path.leaves()) {
    if (leaf.view.grad().defined()) leaf.view.mutable_grad().mul_(factor);
  }
}

void sgd_update(ActivePath& path, const SgdOptions& options) {
  at::NoGradGuard no_grad;
  for (ActivePath::Leaf& leaf : path.leaves()) {
    at::Tensor gradient = leaf.view.grad();
    if (!gradient.defined()) continue;
    Parameter& parameter = *leaf.parameter;
    at::Tensor value = leaf.slice.of(parameter.value);
    if (options.weight_decay != 0 && value.dim() > 1) gradient = gradient.add(value, options.weight_decay);
    if (options.momentum == 0) {
      value.sub_(gradient, options.learning_rate);
      continue;
    }
    if (!parameter.momentum.defined()) parameter.momentum = at::zeros_like(parameter.value);
    at::Tensor momentum = leaf.slice.of(parameter.momentum);
    momentum.mul_(options.momentum).add_(gradient);
    if (options.nesterov) {
      value.sub_(gradient.add(momentum, options.momentum), options.learning_rate);
    } else {
      value.sub_(momentum, options.learning_rate);
    }
  }
}

}  // namespace singlepath
