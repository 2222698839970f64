// BatchNorm and the activation behind it on a card. Of libtorch's ops each would read and write the whole
// tensor: here training reads twice and writes once forward, reads four times and writes once backward, and
// tensors of few rows take one launch.
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

// Of one kind of device. Tensors are [N, C, H, W] in float32 or bfloat16, results channels_last.
struct NormKernels {
  // Normalizes with the batch's own statistics, of more than one value a channel, and says what they are, the
  // variance biased. `running`, the variance unbiased, moves towards them by `momentum`, and with 1 becomes
  // them.
  at::Tensor (*train)(const at::Tensor& x, const BatchNorm& norm, double momentum,
                      const BatchMoments& running, BatchMoments& batch);
  // Gradients of the input, and of gamma and beta where these are defined.
  BatchNormGradients (*backward)(const at::Tensor& x, const at::Tensor& dy, const BatchNorm& norm,
                                 const BatchMoments& batch);
  // With statistics that are given.
  at::Tensor (*evaluate)(const at::Tensor& x, const BatchNorm& norm, const BatchMoments& moments);
};

namespace cuda {

extern const NormKernels norm_kernels;

}  // namespace cuda

}  // namespace singlepath
