// Which images an epoch's batches hold.
#pragma once

#include <cstdint>
#include <vector>

namespace singlepath {

// Puts `indices` into the order of (seed, epoch), by Fisher and Yates's shuffle.
void shuffle_indices(std::vector<uint32_t>& indices, uint64_t seed, uint64_t epoch);

// How the images of an epoch are shared out: batch b of all ranks together are world_size * batch_size images
// in a row, rank after rank. What is left at the end is shared out evenly (and is nothing with drop_last), so
// ranks may then differ by an image, or by a batch where there are fewer images than ranks.
struct BatchPlan {
  int64_t images = 0, batch_size = 1;
  bool drop_last = false;
  int64_t rank = 0, world_size = 1;

  int64_t batches() const;
  // Place in the epoch's order of the first image of a batch, and number of its images.
  int64_t first(int64_t batch) const;
  int64_t count(int64_t batch) const;

 private:
  int64_t full() const { return images / (batch_size * world_size); }
  int64_t rest_before(int64_t rank_end) const {
    return images % (batch_size * world_size) * rank_end / world_size;
  }
};

}  // namespace singlepath
