// Reuse of batch buffers: fresh pages are dear (large blocks are unmapped and faulted in again otherwise).
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "data/batch.h"

namespace singlepath {

// Hands out batches whose buffers come back when the last owner, on whatever thread, lets go of them.
class BatchPool : public std::enable_shared_from_this<BatchPool> {
 public:
  // Keeps at most `spare` unused batches.
  explicit BatchPool(size_t spare) : spare_(spare) {}

  std::shared_ptr<Batch> take() {
    std::unique_ptr<Batch> batch;
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        batch = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (!batch) batch = std::make_unique<Batch>();
    return {batch.release(), [pool = shared_from_this()](Batch* done) { pool->give_back(done); }};
  }

 private:
  void give_back(Batch* done) {
    std::unique_ptr<Batch> batch(done);
    batch->on_device.reset();
    std::lock_guard lock(mutex_);
    if (free_.size() < spare_) free_.push_back(std::move(batch));
  }

  const size_t spare_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Batch>> free_;
};

}  // namespace singlepath
