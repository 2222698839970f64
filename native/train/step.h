// One optimizer step on one path.
#pragma once

#include "data/batch.h"
#include "train/optimizer.h"
#include "weights/execution.h"

namespace singlepath {

struct DataParallel;

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
  bool stop = false;         // a rank of the group was asked to stop
  double communication = 0;  // seconds in which this rank exchanged with others, waiting for them included
};

// Forward and backward of all batches on the path; gradients are left in the leaves of `execution.path`.
// Throws NON_FINITE_LOSS before anything but running averages is changed (see RunningAverages). `logits`
// (optional) receives those of the last batch, `input` its images with gradient.
StepResult accumulate_gradients(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                const Execution& execution, const StepOptions& options, at::Device device,
                                at::ScalarType storage, at::Tensor* logits = nullptr,
                                at::Tensor* input = nullptr);

// accumulate_gradients (of all ranks where `parallel` is given: train/data_parallel.h), clipping, update.
StepResult run_step(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                    const Execution& execution, const StepOptions& options, at::Device device,
                    at::ScalarType storage, const DataParallel* parallel = nullptr);

}  // namespace singlepath
