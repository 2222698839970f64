#include "train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <vector>

#include "ops/cpu/sgd.h"
#include "ops/engine_workspace.h"

namespace singlepath {

std::vector<ActivePath::Leaf*> leaves_with_gradient(ActivePath& path) {
  std::vector<ActivePath::Leaf*> leaves;
  for (ActivePath::Leaf& leaf : path.leaves()) {
    if (leaf.view.grad().defined()) leaves.push_back(&leaf);
  }
  return leaves;
}

double gradient_norm(ActivePath& path) {
  at::NoGradGuard no_grad;
  double sum = 0;
  for (const ActivePath::Leaf* leaf : leaves_with_gradient(path)) {
    const double norm = leaf->view.grad().norm().item<double>();
    sum += norm * norm;
  }
  return std::sqrt(sum);
}

void scale_gradients(ActivePath& path, double factor) {
  at::NoGradGuard no_grad;
  for (ActivePath::Leaf* leaf : leaves_with_gradient(path)) leaf->view.mutable_grad().mul_(factor);
}

std::vector<Parameter*> create_momenta(const std::vector<ActivePath::Leaf*>& leaves) {
  std::vector<Parameter*> created;
  for (const ActivePath::Leaf* leaf : leaves) {
    Parameter& parameter = *leaf->parameter;
    if (parameter.momentum.defined()) continue;
    parameter.momentum = at::zeros_like(parameter.value);
    created.push_back(&parameter);
  }
  return created;
}

namespace {

// The fused kernel: each value is touched once. False where a slice is in more pieces than its rows.
bool fused_update(const std::vector<ActivePath::Leaf*>& leaves, const SgdOptions& options) {
  std::vector<cpu::SgdSpan> spans;
  std::vector<at::Tensor> kept;
  for (const ActivePath::Leaf* leaf : leaves) {
    const at::Tensor value = leaf->slice.of(leaf->parameter->value);
    const at::Tensor momentum = leaf->slice.of(leaf->parameter->momentum);
    kept.push_back(leaf->view.grad().contiguous());
    cpu::SgdSpan span;
    span.parameter = value.data_ptr<float>();
    span.momentum = momentum.data_ptr<float>();
    span.gradient = kept.back().data_ptr<float>();
    span.weight_decay = value.dim() > 1 ? static_cast<float>(options.weight_decay) : 0.f;
    span.columns = value.numel();
    if (!value.is_contiguous()) {
      span.rows = value.size(0);
      span.columns = value.numel() / value.size(0);
      span.parameter_stride = value.stride(0);
      // Within a row a slice is one piece: only the second dimension is cut.
      if (!value[0].is_contiguous()) return false;
    }
    span.gradient_stride = span.columns;
    spans.push_back(span);
  }
  const cpu::SgdOptions kernel{static_cast<float>(options.learning_rate),
                               static_cast<float>(options.momentum), options.nesterov};
  cpu::sgd_step(spans, kernel, engine_workspace());
  return true;
}

void update_with_aten(ActivePath::Leaf& leaf, const SgdOptions& options) {
  at::Tensor gradient = leaf.view.grad();
  at::Tensor value = leaf.slice.of(leaf.parameter->value);
  if (options.weight_decay != 0 && value.dim() > 1) gradient = gradient.add(value, options.weight_decay);
  if (options.momentum == 0) {
    value.sub_(gradient, options.learning_rate);
    return;
  }
  at::Tensor momentum = leaf.slice.of(leaf.parameter->momentum);
  momentum.mul_(options.momentum).add_(gradient);
  if (options.nesterov) {
    value.sub_(gradient.add(momentum, options.momentum), options.learning_rate);
  } else {
    value.sub_(momentum, options.learning_rate);
  }
}

}  // namespace

void sgd_update(ActivePath& path, const SgdOptions& options) {
  at::NoGradGuard no_grad;
  const std::vector<ActivePath::Leaf*> leaves = leaves_with_gradient(path);
  // Without momentum there is nothing to remember, as in PyTorch: half the memory and smaller checkpoints.
  if (options.momentum != 0) create_momenta(leaves);
  if (options.momentum == 0 || !fused_update(leaves, options)) {
    for (ActivePath::Leaf* leaf : leaves) update_with_aten(*leaf, options);
  }
  for (ActivePath::Leaf* leaf : leaves) {
    if (leaf->parameter->positive) leaf->slice.of(leaf->parameter->value).clamp_min_(kLeastScale);
  }
}

}  // namespace singlepath
