#include "ops/norm_kernels.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/var_mean.h>
#include <torch/csrc/autograd/autograd.h>

#include <tuple>
#include <vector>

#include "ops/op.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

at::Tensor normalized(const at::Tensor& x, const BatchNorm& norm, const BatchMoments& moments, bool batch,
                      double momentum) {
  const at::Tensor y = at::batch_norm(x, norm.gamma, norm.beta, moments.mean, moments.variance, batch,
                                      momentum, norm.eps, /*cudnn_enabled=*/true);
  return activate(norm.activation, y);
}

at::Tensor train(const at::Tensor& x, const BatchNorm& norm, double momentum, const BatchMoments& running,
                 BatchMoments& batch) {
  if (momentum == 1) {  // libtorch multiplies what is there by zero
    at::Tensor(running.mean).zero_();
    at::Tensor(running.variance).zero_();
  }
  std::tie(batch.variance, batch.mean) =
      at::var_mean(x.to(at::kFloat), at::IntArrayRef{0, 2, 3}, /*unbiased=*/false);
  return normalized(x, norm, running, true, momentum);
}

// libtorch finds the batch's statistics again.
BatchNormGradients backward(const at::Tensor& x, const at::Tensor& dy, const BatchNorm& norm,
                            const BatchMoments&) {
  at::AutoGradMode gradients(true);
  BatchNorm own = norm;
  std::vector<at::Tensor> leaves;
  const auto leaf_of = [&](const at::Tensor& value) {
    leaves.push_back(value.detach().requires_grad_(true));
    return leaves.back();
  };
  const at::Tensor input = leaf_of(x);
  if (norm.gamma.defined()) own.gamma = leaf_of(norm.gamma);
  if (norm.beta.defined()) own.beta = leaf_of(norm.beta);
  const at::Tensor y = normalized(input, own, {}, true, 0);
  std::vector<at::Tensor> found = torch::autograd::grad({y}, leaves, {dy});
  found.resize(3);
  return {found[0], found[1], found[2]};
}

at::Tensor evaluate(const at::Tensor& x, const BatchNorm& norm, const BatchMoments& moments) {
  return normalized(x, norm, moments, false, 0);
}

constexpr NormKernels kReference{train, backward, evaluate};

}  // namespace

const NormKernels* norm_kernels_for(const at::Tensor& x) {
  const bool values = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  if (x.dim() != 4 || x.numel() == 0 || !values) return nullptr;
#ifdef SINGLEPATH_CUDA_HEADERS
  if (x.is_cuda()) return &cuda::norm_kernels;
#endif
  return x.is_cpu() && computes_aside(x.device()) ? &kReference : nullptr;
}

}  // namespace singlepath
