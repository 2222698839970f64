// The quantizers of ops/quantize.h through the fused CPU kernels (ops/cpu/quantize.h): one pass over memory
// each way. Levels, and gradients of features, are the same bits in float32; the gradients of weights, steps
// and bounds, and the scale of one-bit DoReFa weights, are sums in another order. Those in front of the units
// of fused blocks leave the same levels of the same features.
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/graph.h"
#include "ops/cpu/types.h"
#include "weights/execution.h"

namespace singlepath {

// Whether the kernels take this tensor: on a CPU, float32 or bfloat16.
bool can_quantize(const at::Tensor& x, const Execution& execution);

// The quantizer in front of a fused block's unit.
struct FeatureQuantizer {
  cpu::Quantizer values{};
  at::Tensor scale;         // its step or bound; undefined where features stay as they are
  double scale_factor = 1;  // of the gradient of the scale
};

// `count`: features of one image.
FeatureQuantizer feature_quantizer(const Node& node, int64_t count, const Execution& execution);

// What the quantized weights of a convolution are multiples of, -128 to 127 of it; 0 where they are not.
float weight_step(const Node& conv, const at::Tensor& quantized, const Execution& execution);

namespace fused {

at::Tensor dorefa_weight(const at::Tensor& weight, int64_t bits);
at::Tensor pact_feature(const at::Tensor& x, const at::Tensor& alpha, int64_t bits);
at::Tensor lsq_weight(const at::Tensor& weight, const at::Tensor& step, int64_t bits);
at::Tensor lsq_feature(const at::Tensor& x, const at::Tensor& step, int64_t bits);

}  // namespace fused
}  // namespace singlepath
