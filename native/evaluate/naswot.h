// NASWOT (Mellor et al., arXiv 2006.04647): how differently an untrained path sees a few images. Two images
// agree at an activation where its input has the same sign; K[i][j] counts where images i and j agree, and
// the score is log |det K|. Higher is better.
#pragma once

#include "evaluate/population.h"

namespace singlepath {

// One score a candidate, with the weights as they are and BatchNorm over `batch` itself. K is a sum over
// layers, so common prefixes of candidates run once. `progress(done, total)` counts layer runs. Throws
// ABORTED.
std::vector<double> naswot_scores(const NetworkDescription& network, ParameterStore& parameters,
                                  const std::vector<Architecture>& candidates, const Batch& batch,
                                  const PopulationSettings& settings, const Cancellation& cancellation,
                                  const std::function<void(int64_t, int64_t)>& progress);

}  // namespace singlepath
