#include "data/order.h"

#include <cstddef>
#include <utility>

#include "core/rng.h"

namespace singlepath {

void shuffle_indices(std::vector<uint32_t>& indices, uint64_t seed, uint64_t epoch) {
  RandomStream random(seed, Purpose::shuffle, epoch);
  for (std::size_t left = indices.size(); left > 1; left--)
    std::swap(indices[left - 1], indices[random.integer(left)]);
}

int64_t BatchPlan::batches() const {
  bool rest = !drop_last;
  for (int64_t i = 0; i < own(); i++)
    rest = rest && rest_before(rank * own() + i + 1) > rest_before(rank * own() + i);
  return (full() + (rest ? 1 : 0)) * own();
}

int64_t BatchPlan::first(int64_t batch) const {
  const int64_t whole = batch / own();
  const int64_t within = whole < full() ? shard(batch) * batch_size : rest_before(shard(batch));
  return whole * batch_size * shards + within;
}

int64_t BatchPlan::count(int64_t batch) const {
  if (batch / own() < full()) return batch_size;
  return rest_before(shard(batch) + 1) - rest_before(shard(batch));
}

}  // namespace singlepath
