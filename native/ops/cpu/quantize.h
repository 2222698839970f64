#pragma once

#include "types.h"
#include "workspace.h"

namespace singlepath::cpu {

// Fake quantization (ops/quantize.h) of n values side by side, in one pass over memory each way. The results
// are those of the same operations one after another in float32, bit for bit; bfloat16 is rounded once, at
// the end. `out` may be `x`.
void quantize(const Quantizer& quantizer, Storage storage, const void* x, long n, void* out,
              Workspace& workspace);

// dx is the gradient of x (of the weights, where x is their tanh) for `gradient`, that of the result; null:
// not wanted. Returns the gradient of the scale, a sum of blocks in a fixed order: it does not depend on the
// number of threads. (dorefa's scale is one of the weights and has its gradient inside dx: 0 is returned.)
double quantize_backward(const Quantizer& quantizer, Storage storage, const void* x, const void* gradient,
                         long n, void* dx, Workspace& workspace);

// Of |x|; NaN where there is one. The mean is a sum of blocks in a fixed order, in double.
float largest_magnitude(const float* x, long n, Workspace& workspace);
float mean_magnitude(const float* x, long n, Workspace& workspace);

}  // namespace singlepath::cpu
