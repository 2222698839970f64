#include "latency/stopwatch.h"

#include <ATen/core/grad_mode.h>

#include <chrono>
#include <numeric>

#include "core/error.h"
#include "latency/timeline.h"

namespace singlepath {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::duration duration) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
}

}  // namespace

int64_t Stopwatch::add(std::unique_ptr<TimedBlock> block, const BlockShape& shape) {
  entries_.push_back({std::move(block), shape});
  return static_cast<int64_t>(entries_.size()) - 1;
}

const at::Tensor& Stopwatch::input_of_block(int32_t block) {
  at::Tensor& input = inputs_[block];
  if (!input.defined()) input = random_input(entries_[block].shape, options_);
  return input;
}

const TimedBlock& Stopwatch::block_at(int32_t block) const {
  if (block < 0 || block >= static_cast<int64_t>(entries_.size())) {
    throw Error("INVALID_ARGUMENT", "Expected the number of a block but received " + std::to_string(block));
  }
  return *entries_[block].block;
}

BlockOutputs Stopwatch::outputs(int32_t block) {
  at::NoGradGuard no_grad;
  const TimedBlock& timed = block_at(block);
  const at::Tensor& input = input_of_block(block);
  const at::Tensor reference = timed.reference(input);
  if (!reference.defined()) throw Error("INVALID_ARGUMENT", "Expected a block of our kernels, not a script");
  return {timed.run(input), reference};
}

Timing Stopwatch::time(const std::vector<int32_t>& chain, const TimingOptions& options,
                       const Cancellation& cancellation) {
  at::NoGradGuard no_grad;
  std::vector<const TimedBlock*> blocks;
  for (const int32_t index : chain) blocks.push_back(&block_at(index));
  if (blocks.empty()) throw Error("INVALID_ARGUMENT", "Expected at least one block to time");
  const at::Tensor& input = input_of_block(chain[0]);

  Timing timing;
  Timeline timeline(options_.device);
  const Clock::time_point first = Clock::now();
  do {
    cancellation.check();
    timeline.start();
    for (int64_t i = 0; i < options.inner; ++i) {
      at::Tensor x = input;
      for (const TimedBlock* block : blocks) {
        x = block->run(x);
        if (options.timers) timeline.mark();
      }
    }
    if (!options.timers) timeline.mark();
    const std::vector<double> spans = timeline.spans();
    const double total = std::accumulate(spans.begin(), spans.end(), 0.0);
    timing.totals.push_back(total / static_cast<double>(options.inner));
    // With timers the last run of the chain speaks for all.
    if (options.timers) timing.blocks.insert(timing.blocks.end(), spans.end() - blocks.size(), spans.end());
  } while (static_cast<int64_t>(timing.totals.size()) < options.calls &&
           nanoseconds(Clock::now() - first) < options.seconds * 1e9);
  return timing;
}

}  // namespace singlepath
