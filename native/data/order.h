// Which images an epoch's batches hold.
#pragma once

#include <cstdint>
#include <vector>

namespace singlepath {

// Puts `indices` into the order of (seed, epoch), by Fisher and Yates's shuffle.
void shuffle_indices(std::vector<uint32_t>& indices, uint64_t seed, uint64_t epoch);

// How the images of an epoch are shared out. A global batch, which all ranks train on together, is `shards` *
// batch_size images in a row, shard after shard; rank r delivers its equal part of the shards one after the
// other, each as a batch. What is left at the end is shared out evenly (and is nothing with drop_last), so
// shards may then differ by an image, and ranks by a batch where there are fewer images than shards.
struct BatchPlan {
  int64_t images = 0, batch_size = 1;
  bool drop_last = false;
  int64_t rank = 0, world_size = 1, shards = 1;  // shards: a multiple of world_size

  int64_t batches() const;
  // Place in the epoch's order of the first image of a batch, and number of its images.
  int64_t first(int64_t batch) const;
  int64_t count(int64_t batch) const;
  // Number of a batch among those of all ranks.
  int64_t number(int64_t batch) const { return batch / own() * shards + shard(batch); }

 private:
  int64_t own() const { return shards / world_size; }
  int64_t shard(int64_t batch) const { return rank * own() + batch % own(); }
  int64_t full() const { return images / (batch_size * shards); }  // global batches
  int64_t rest_before(int64_t shard) const { return images % (batch_size * shards) * shard / shards; }
};

}  // namespace singlepath
