// One optimizer step on one path, in four phases: forward and backward of all batches, clipping, the update,
// and what it reports. What several processes do to their gradients belongs between the first two.
#pragma once

#include <c10/core/Event.h>

#include <chrono>
#include <optional>

#include "data/batch.h"
#include "train/board.h"
#include "train/optimizer.h"
#include "weights/execution.h"

namespace singlepath {

struct DataParallel;
class RecordedLayers;

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
  double gradient_norm = 0;  // Euclidean, of the whole path, before clipping
  bool stop = false;         // a rank of the group was asked to stop
  double communication = 0;  // seconds in which this rank exchanged with others, waiting for them included
};

// A step whose work was handed out: on a CPU it is done, on a GPU the card still computes it.
class StartedStep {
 public:
  // Whether finish() will not wait.
  bool done() const noexcept;
  // Waits for the card. Throws NON_FINITE_LOSS, or ABORTED after a failed step before it; then `created`
  // momenta are of no use, and all else is as it was.
  StepResult finish() const;

  StepResult result;                // complete on a CPU
  std::vector<Parameter*> created;  // parameters that got a momentum
  // Until the card has read them: a pool fills the memory of a batch again as soon as nobody holds it.
  std::vector<BatchPtr> batches;

  // From now on the numbers of `board` are the step's.
  void read(const StepBoard& board);

 private:
  at::Tensor numbers_;  // of the board, in pinned memory
  std::optional<c10::Event> event_;
  std::chrono::steady_clock::time_point pretended_end_;  // without an event: see computes_aside()
};

// Forward and backward of all batches on the path; gradients are left in the leaves of `execution.path`.
// Throws NON_FINITE_LOSS before anything but running averages is changed (see RunningAverages); with a
// `board` (for a GPU), loss, hits and failure are noted there instead, and nothing waits. `logits` (optional)
// receives those of the last batch, `input` its images with gradient. With `recorded`, layers run through it,
// and with `keep` the gradients outlive its next step.
StepResult accumulate_gradients(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                const Execution& execution, const StepOptions& options, at::Device device,
                                at::ScalarType storage, StepBoard* board = nullptr,
                                at::Tensor* logits = nullptr, at::Tensor* input = nullptr,
                                RecordedLayers* recorded = nullptr, bool keep = false);

// accumulate_gradients (of all ranks where `parallel` is given: train/data_parallel.h), clipping, update.
// `recorded`: optional.
StartedStep start_step(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                       const Execution& execution, const StepOptions& options, at::Device device,
                       at::ScalarType storage, StepBoard& board, const DataParallel* parallel = nullptr,
                       RecordedLayers* recorded = nullptr);

}  // namespace singlepath
