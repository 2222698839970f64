// Scores a population of paths with inherited weights: BatchNorm is recalibrated for each path over fixed
// batches, then the path is validated (arXiv 1904.00420, section 3.4). BatchNorm statistics of a layer depend
// only on the choices up to it, so common prefixes are computed once, statistics included, with the same
// scores.
#pragma once

#include <functional>

#include "core/cancel.h"
#include "data/batch.h"
#include "evaluate/score.h"
#include "evaluate/trie.h"
#include "execute/recorded_layers.h"

namespace singlepath {

struct PopulationScores {
  std::vector<Score> scores;
  int64_t images = 0;
  int64_t layers_run = 0, layers_alone = 0;  // layer runs done, and without any sharing
};

struct PopulationSettings {
  // For activations kept at branches, beyond which branches recompute; for BatchNorm statistics, beyond half
  // of it the population is evaluated in parts; and for quantized weights, a quarter of it at most.
  int64_t memory_bytes = 0;
  bool share = true;
  bool fused = false;
  at::Device device = at::kCPU;
  at::ScalarType storage = at::kFloat;
  RecordedLayers* recorded = nullptr;  // on a card
};

// `progress(done, total)` counts layer runs. Throws ABORTED when cancelled, NON_FINITE_LOSS with the path.
PopulationScores evaluate_population(const NetworkDescription& network, ParameterStore& parameters,
                                     const std::vector<Architecture>& candidates,
                                     const std::vector<BatchPtr>& calibration,
                                     const std::vector<BatchPtr>& validation,
                                     const PopulationSettings& settings, const Cancellation& cancellation,
                                     const std::function<void(int64_t, int64_t)>& progress);

}  // namespace singlepath
