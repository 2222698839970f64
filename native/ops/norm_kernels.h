// The kernels for BatchNorm and the activation behind it: those of a card (ops/cuda/batch_norm.cu), and for a
// CPU that is taken for a card the same by libtorch's ops, which is what tests hold them against.
#pragma once

#include "ops/cuda/batch_norm.h"

namespace singlepath {

// Null where the device has none, and for tensors of another kind: a card has them where this was built with
// the headers of CUDA.
const NormKernels* norm_kernels_for(const at::Tensor& x);

}  // namespace singlepath
