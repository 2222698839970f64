// BatchNorm and the activation behind it, forward and backward, as kernels of a card
// (ops/cuda/batch_norm.cu); for a CPU that is taken for a card the same by libtorch's ops, which is what
// tests hold it against.
#pragma once

#include "ops/cuda/batch_norm.h"

namespace singlepath {

// Tensors [N, C, H, W] in float32 or bfloat16 on a device that has the kernels: a card, where this was built
// with the headers of CUDA, and a CPU that is taken for one.
bool norm_kernels_take(const at::Tensor& x);

// Normalizes with the batch's own statistics, of more than one value a channel, and says what they are, the
// variance biased. `running`, the variance unbiased, moves towards them by `momentum`, and with 1 becomes
// them. Results are channels_last here and below.
at::Tensor batch_norm_train(const at::Tensor& x, const BatchNorm& norm, double momentum,
                            const BatchMoments& running, BatchMoments& batch);

// Gradients of the input, and of gamma and beta where these are defined.
BatchNormGradients batch_norm_backward(const at::Tensor& x, const at::Tensor& dy, const BatchNorm& norm,
                                       const BatchMoments& batch);

// With statistics that are given.
at::Tensor batch_norm_evaluate(const at::Tensor& x, const BatchNorm& norm, const BatchMoments& moments);

}  // namespace singlepath
