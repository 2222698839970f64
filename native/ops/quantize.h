// Fake quantization with straight-through gradients, composed of ATen ops so that autograd gives the
// gradients of the papers. `bits` of 32 or more means float: of features; weights stay as they are then, and
// quantize_weight() (op.h) does not ask for them. Steps and bounds are positive (see
// Parameter::positive). Computed in float32; features keep their storage type.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace singlepath {

constexpr int64_t kFloatBits = 32;

// DoReFa-Net (arXiv 1606.06160), equations 8-9: k > 1 bits on the grid of [-1, 1]; 1 bit: sign(w) *
// mean(|w|). Weights that are all 0 are taken as a 0 among others.
at::Tensor dorefa_weight(const at::Tensor& weight, int64_t bits);

// PACT (arXiv 1805.06085): clip to [0, alpha], 2^k - 1 steps. alpha: one element, learnt.
at::Tensor pact_feature(const at::Tensor& x, const at::Tensor& alpha, int64_t bits);

// LSQ (arXiv 1902.08153): learned step size with gradient scale 1 / sqrt(count * q_max), where count is the
// number of weights, or of features of one image (section 2.2). step: one element.
// Signed weights use [-2^(k-1), 2^(k-1) - 1], 1 bit {-1, 1}; features [0, 2^k - 1].
at::Tensor lsq_weight(const at::Tensor& weight, const at::Tensor& step, int64_t bits);
at::Tensor lsq_feature(const at::Tensor& x, const at::Tensor& step, int64_t bits);

}  // namespace singlepath
