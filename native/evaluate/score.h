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

// Scores of several networks over batches, summed. On a CPU each batch is added at once; on a GPU what a
// score is made of stays there until take(), which waits once, so the card never waits for the host.
class ScoreSheet {
 public:
  ScoreSheet(size_t networks, at::Device device);

  // One batch, for all of `networks`: logits [N, classes] in float32, labels [N]. Throws NON_FINITE_LOSS
  // (here or in take()), naming the path unless it is empty: an accuracy of numbers that are none would rank
  // like any other.
  void add(const std::vector<size_t>& networks, const at::Tensor& logits, const at::Tensor& labels,
           const Architecture& path);

  // Losses are sums over images.
  std::vector<Score> take();

 private:
  struct Pending {
    std::vector<size_t> networks;
    Architecture path;
    int64_t images;
    at::Tensor logits, labels;  // until score_waiting()
  };

  // Scores the logits that wait, together: few launches, and the same numbers, as each image is a row.
  void score_waiting();

  void add(const std::vector<size_t>& networks, const Score& score, const Architecture& path);

  at::Device device_;
  std::vector<Score> scores_;
  std::vector<Pending> pending_;
  size_t scored_ = 0;          // of pending_
  int64_t waiting_bytes_ = 0;  // of logits
  // Per image: its cross-entropy, and how many classes come before its own.
  std::vector<at::Tensor> losses_, ranks_;
};

// Scores what `logits` gives for each batch. Throws ABORTED when cancelled, NON_FINITE_LOSS.
Validation validate_batches(const std::vector<BatchPtr>& batches, at::Device device, const Architecture& path,
                            const Cancellation& cancellation,
                            const std::function<at::Tensor(const Batch&)>& logits);

}  // namespace singlepath
