// How well logits agree with labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "core/cancel.h"
#include "data/batch.h"
#include "graph/graph.h"

namespace singlepath {

struct Score {
  int64_t correct = 0, top5 = 0;
  double loss = 0;  // mean cross-entropy
};

struct Validation {
  Score score;
  int64_t images = 0;
};

// Adds the scores of `logits` [N, classes]; loss is summed over images. Throws NON_FINITE_LOSS, naming the
// path unless it is empty: an accuracy of numbers that are none would rank like any other.
void add_score(const at::Tensor& logits, const at::Tensor& labels, const Architecture& path, Score& score);

// Scores what `logits` gives for each batch. Throws ABORTED when cancelled, NON_FINITE_LOSS.
Validation validate_batches(const std::vector<BatchPtr>& batches, at::Device device, const Architecture& path,
                            const Cancellation& cancellation,
                            const std::function<at::Tensor(const Batch&)>& logits);

}  // namespace singlepath
