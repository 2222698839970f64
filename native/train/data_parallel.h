// One step shared between processes: each computes shards of the global batch, and all update with the same
// gradient.
#pragma once

#include <memory>

#include "distributed/group.h"
#include "train/step.h"

namespace singlepath {

struct DataParallel {
  std::shared_ptr<Group> group;  // null: this process is alone
  // Parts of the global batch, each of which BatchNorm normalizes by its own statistics; of all ranks
  // together.
  int64_t shards = 1;
  // Sum shards as a tree, so that the result is the same for any number of ranks.
  bool tree = false;
  uint32_t step = 0;
  bool stop = false;  // this rank was asked to stop
};

// accumulate_gradients for all ranks: leaves the gradient of the global batch in the leaves of the path and
// the mean of all shards in the running averages, and returns the numbers of the global batch. `batches`:
// those of this rank's shards in turn, again for each batch that is accumulated; where this rank has none
// because it failed, the others are told. Throws RANK_LOST and RANKS_DIFFER besides what accumulate_gradients
// throws, and NON_FINITE_LOSS on all ranks where one has it. `recorded`: optional.
StepResult accumulate_on_all_ranks(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                   const Execution& execution, const StepOptions& options, at::Device device,
                                   at::ScalarType storage, const DataParallel& parallel,
                                   RecordedLayers* recorded);

}  // namespace singlepath
