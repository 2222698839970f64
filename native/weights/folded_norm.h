// BatchNorm of fixed statistics as one multiplication and one addition a channel, to be folded into the
// convolution before it.
#pragma once

#include <ATen/core/Tensor.h>

namespace singlepath {

struct FoldedNorm {
  at::Tensor scale, shift;  // float32 [channels]: x * scale + shift
};

// `spread`: variance + eps in float64, [channels] as all others; gamma and beta are undefined where BatchNorm
// has none. In float64 and rounded once, as in the fused kernels; channel by channel, so that numbers do not
// depend on what is computed along.
FoldedNorm folded_norm(const at::Tensor& mean, const at::Tensor& spread, const at::Tensor& gamma,
                       const at::Tensor& beta);

}  // namespace singlepath
