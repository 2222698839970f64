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
  const bool rest = !drop_last && rest_before(rank + 1) > rest_before(rank);
  return full() + (rest ? 1 : 0);
}

int64_t BatchPlan::first(int64_t batch) const {
  const int64_t before = batch * batch_size * world_size;
  return before + (batch < full() ? rank * batch_size : rest_before(rank));
}

int64_t BatchPlan::count(int64_t batch) const {
  return batch < full() ? batch_size : rest_before(rank + 1) - rest_before(rank);
}

}  // namespace singlepath
