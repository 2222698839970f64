#include "train/device_sgd.h"

#include <torch/version.h>

#include "core/error.h"

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 6)
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

namespace singlepath {
namespace {

// Whether both have the same values at the same places of memory, as far as places matter: libtorch's kernels
// of many tensors compare strides, those of dimensions of size 1 too.
bool same_places(const at::Tensor& a, const at::Tensor& b) {
  for (int64_t d = 0; d < a.dim(); ++d) {
    if (a.size(d) != 1 && a.stride(d) != b.stride(d)) return false;
  }
  return true;
}

at::Tensor laid_out_as(const at::Tensor& gradient, const at::Tensor& value) {
  if (same_places(gradient, value)) return gradient.as_strided(value.sizes(), value.strides());
  return value.is_contiguous() ? gradient.contiguous() : at::empty_like(value).copy_(gradient);
}

// Parameters with one weight decay.
struct UpdateGroup {
  std::vector<at::Tensor> values, gradients, momenta;
  // Slices with gaps: `values` has copies of them, which go back afterwards.
  std::vector<at::Tensor> slices, copies;

  at::Tensor dense(const at::Tensor& slice) {
    if (slice.is_non_overlapping_and_dense()) return slice;
    slices.push_back(slice);
    copies.push_back(slice.contiguous());
    return copies.back();
  }

  void add(const ActivePath::Leaf& leaf, bool with_momentum) {
    values.push_back(dense(leaf.slice.of(leaf.parameter->value)));
    if (with_momentum) momenta.push_back(dense(leaf.slice.of(leaf.parameter->momentum)));
    gradients.push_back(laid_out_as(leaf.view.grad(), values.back()));
  }

  void update(const SgdOptions& options, double weight_decay, const at::Tensor& divisor,
              const StepBoard& board) {
    if (values.empty()) return;
    const auto scale = divisor.defined() ? std::optional<at::Tensor>(divisor) : std::nullopt;
    at::_fused_sgd_(values, gradients, momenta, weight_decay, options.momentum, options.learning_rate,
                    /*dampening=*/0, options.nesterov, /*maximize=*/false, /*is_first_step=*/false, scale,
                    board.failed);
    if (!slices.empty()) at::_foreach_copy_(slices, copies);
  }
};

}  // namespace

void device_gradient_norm(const std::vector<ActivePath::Leaf*>& leaves, StepBoard& board) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const ActivePath::Leaf* leaf : leaves) gradients.push_back(leaf->view.grad());
  const at::Tensor norms = at::stack(at::_foreach_norm(gradients, 2));
  at::linalg_vector_norm_out(board.norm, norms, 2);
}

void device_sgd(const std::vector<ActivePath::Leaf*>& leaves, const SgdOptions& options,
                const at::Tensor& divisor, const StepBoard& board) {
  at::NoGradGuard no_grad;
  UpdateGroup decayed, plain;
  std::vector<at::Tensor> scales;
  for (const ActivePath::Leaf* leaf : leaves) {
    const bool decays = options.weight_decay != 0 && leaf->view.dim() > 1;
    (decays ? decayed : plain).add(*leaf, options.momentum != 0);
    if (leaf->parameter->positive) scales.push_back(leaf->slice.of(leaf->parameter->value));
  }
  decayed.update(options, options.weight_decay, divisor, board);
  plain.update(options, 0, divisor, board);
  if (!scales.empty()) at::_foreach_clamp_min_(scales, kLeastScale);
}

}  // namespace singlepath

#else

namespace singlepath {
namespace {

[[noreturn]] void too_old() {
  throw Error("DEVICE_UNAVAILABLE", "Expected libtorch 2.6 or newer for a GPU but found " TORCH_VERSION);
}

}  // namespace

void device_gradient_norm(const std::vector<ActivePath::Leaf*>&, StepBoard&) {
  too_old();
}
void device_sgd(const std::vector<ActivePath::Leaf*>&, const SgdOptions&, const at::Tensor&,
                const StepBoard&) {
  too_old();
}

}  // namespace singlepath

#endif
