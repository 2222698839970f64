// The functions of ops/norm_kernels.h for tensors on a card. Of libtorch's ops each would read and write the
// whole tensor: here training reads twice and writes once forward, reads four times and writes once backward,
// and tensors of few rows take one launch.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/activation.h"

namespace singlepath {

struct BatchNorm {
  at::Tensor gamma, beta;  // [channels] in float32; undefined: 1 and 0
  double eps = 1e-5;
  Activation activation = Activation::none;
};

// [channels] in float32.
struct BatchMoments {
  at::Tensor mean, variance;
};

struct BatchNormGradients {
  at::Tensor input, gamma, beta;
};

namespace cuda {

at::Tensor batch_norm_train(const at::Tensor& x, const BatchNorm& norm, double momentum,
                            const BatchMoments& running, BatchMoments& batch);
BatchNormGradients batch_norm_backward(const at::Tensor& x, const at::Tensor& dy, const BatchNorm& norm,
                                       const BatchMoments& batch);
at::Tensor batch_norm_evaluate(const at::Tensor& x, const BatchNorm& norm, const BatchMoments& moments);

}  // namespace cuda

}  // namespace singlepath
