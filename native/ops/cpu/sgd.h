#pragma once

#include <vector>

#include "workspace.h"

namespace singlepath::cpu {

// One parameter of a step, `rows` rows of `columns` values. Slices of larger tensors have strides larger than
// columns; the gradient is dense ([rows][columns]) or not, by its own stride.
struct SgdSpan {
  float* parameter = nullptr;
  const float* gradient = nullptr;
  float* momentum = nullptr;
  long rows = 1;
  long columns = 0;
  long parameter_stride = 0;  // of parameter and momentum
  long gradient_stride = 0;
  float weight_decay = 0;
};

struct SgdOptions {
  float learning_rate = 0;
  float momentum = 0;
  bool nesterov = false;
};

// As torch.optim.SGD: g += weight_decay * p; m = momentum * m + g; p -= lr * (nesterov ? g + momentum * m :
// m). Touches each value once. Momentum buffers start as zeros.
void sgd_step(const std::vector<SgdSpan>& spans, const SgdOptions& options, Workspace& workspace);

}  // namespace singlepath::cpu
