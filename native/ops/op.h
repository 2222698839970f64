// One function per op, each in the file of its name. Inputs and output are [N, C, H, W] in channels_last
// layout (linear: [N, C]); all are differentiable through autograd.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "weights/execution.h"

namespace singlepath {

using Inputs = std::vector<at::Tensor>;

at::Tensor run_op(const Node& node, const Inputs& inputs, const Execution& execution);

#define SINGLEPATH_ROW(name, text) \
  at::Tensor name(const Node& node, const Inputs& inputs, const Execution& execution);
SINGLEPATH_OPS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW

// x itself for Activation::none.
at::Tensor activate(Activation activation, const at::Tensor& x);

// The type in which a product outside the fused chains is computed. With fused kernels bf16 is a type to
// store in: libtorch would emulate its products on CPUs without instructions for them, at a third of
// float32's rate.
at::ScalarType product_type(const at::Tensor& x, const Execution& execution);

// Of a quantizer's steps or bounds: each bits value has one of its own, and only the chosen one is used and
// updated.
Slice slice_of_bits(const Dim& bits, const Execution& execution);

// Weights as the convolution sees them: DoReFa or LSQ at its bits (ops/quantize.cc), those of 32 bits as they
// are.
at::Tensor quantize_weight(const Node& node, const at::Tensor& weight, const Execution& execution);

}  // namespace singlepath
