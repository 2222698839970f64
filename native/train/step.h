// One optimizer step on one path.
#pragma once

#include "data/batch.h"
#include "train/optimizer.h"
#include "weights/execution.h"

namespace singlepath {

struct StepOptions {
  SgdOptions sgd;
  double label_smoothing = 0;
  double clip_gradient_norm = 0;  // 0: off
  uint64_t random_key = 0;        // of the dropout masks (seeds Execution::generator)
};

struct StepResult {
  double loss = 0;  // mean over all images
  int64_t correct = 0;
  int64_t images = 0;
  double gradient_norm = 0;  // NaN where clipping is off
};

// Forward and backward of all batches on the path; gradients are left in the leaves of `execution.path`.
// Throws NON_FINITE_LOSS before anything but running averages is changed (see RunningAverages). `logits`
// (optional) receives those of the last batch, `input` its images with gradient.
StepResult accumulate_gradients(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                const Execution& execution, const StepOptions& options, at::Device device,
                                at::ScalarType storage, at::Tensor* logits = nullptr,
                                at::Tensor* input = nullptr);

// accumulate_gradients, clipping, update.
StepResult run_step(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                    const Execution& execution, const StepOptions& options, at::Device device,
                    at::ScalarType storage);

}  // namespace singlepath
