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

namespace reference {

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

BatchNormGradients backward(const at::Tensor& x, const at::Tensor& dy, const BatchNorm& norm) {
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

}  // namespace reference

}  // namespace

bool norm_kernels_take(const at::Tensor& x) {
  const bool values = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  if (x.dim() != 4 || x.numel() == 0 || !values) return false;
#ifdef SINGLEPATH_CUDA_HEADERS
  if (x.is_cuda()) return true;
#endif
  return x.is_cpu() && computes_aside(x.device());
}

at::Tensor batch_norm_train(const at::Tensor& x, const BatchNorm& norm, double momentum,
                            const BatchMoments& running, BatchMoments& batch) {
#ifdef SINGLEPATH_CUDA_HEADERS
  if (x.is_cuda()) return cuda::batch_norm_train(x, norm, momentum, running, batch);
#endif
  return reference::train(x, norm, momentum, running, batch);
}

BatchNormGradients batch_norm_backward(const at::Tensor& x, const at::Tensor& dy, const BatchNorm& norm,
                                       const BatchMoments& batch) {
#ifdef SINGLEPATH_CUDA_HEADERS
  if (x.is_cuda()) return cuda::batch_norm_backward(x, dy, norm, batch);
#endif
  static_cast<void>(batch);  // libtorch finds them again
  return reference::backward(x, dy, norm);
}

at::Tensor batch_norm_evaluate(const at::Tensor& x, const BatchNorm& norm, const BatchMoments& moments) {
#ifdef SINGLEPATH_CUDA_HEADERS
  if (x.is_cuda()) return cuda::batch_norm_evaluate(x, norm, moments);
#endif
  return reference::normalized(x, norm, moments, false, 0);
}

}  // namespace singlepath
