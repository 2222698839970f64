// Times chains of blocks: a row alone, a random path with a timer around each block, a whole network.
#pragma once

#include <map>
#include <vector>

#include "core/cancel.h"
#include "latency/timed_block.h"

namespace singlepath {

struct TimingOptions {
  int64_t calls = 1;   // at most; at least one is made
  double seconds = 0;  // no call starts after so long
  int64_t inner = 1;   // runs of the chain in one sample, for those that are shorter than a clock is good for
  bool timers = false;
};

struct Timing {
  std::vector<double> totals;  // nanoseconds of one run, one a call
  std::vector<double> blocks;  // with timers: [calls][blocks]
};

// Results of one block on the same input.
struct BlockOutputs {
  at::Tensor deployed, reference;
};

class Stopwatch {
 public:
  explicit Stopwatch(const DeploymentOptions& options) : options_(options) {}

  const DeploymentOptions& options() const { return options_; }

  // Returns the number of the block.
  int64_t add(std::unique_ptr<TimedBlock> block, const BlockShape& shape);

  // What a block computes on the input it is timed with, beside what it should. Throws INVALID_ARGUMENT for a
  // block that was not added, or that has no reference.
  BlockOutputs outputs(int32_t block);

  // Runs the chain again and again: the first block gets a fixed random input, each other the result before
  // it. Throws INVALID_ARGUMENT for a block that was not added.
  Timing time(const std::vector<int32_t>& chain, const TimingOptions& options,
              const Cancellation& cancellation);

 private:
  struct Entry {
    std::unique_ptr<TimedBlock> block;
    BlockShape shape;
  };
  const TimedBlock& block_at(int32_t block) const;
  const at::Tensor& input_of_block(int32_t block);

  DeploymentOptions options_;
  std::vector<Entry> entries_;
  std::map<int32_t, at::Tensor> inputs_;
};

}  // namespace singlepath
