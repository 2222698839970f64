#include "data/later.h"

#include <future>
#include <string>
#include <utility>

#include "core/error.h"
#include "data/loader.h"

namespace singlepath {
namespace {

// A decoding under way: a loader of a single batch. Its threads work from the start.
class Decoding {
 public:
  explicit Decoding(const Batch& batch)
      : expected_(batch.count), loader_(batch.later->dataset, options(batch)) {
    loader_.next([this](LoaderOutcome outcome) { outcome_.set_value(std::move(outcome)); });
  }

  BatchPtr wait() {
    LoaderOutcome outcome = outcome_.get_future().get();
    if (outcome.error) std::rethrow_exception(outcome.error);
    if (outcome.batch->count != expected_) {
      throw Error("INVALID_DATASET",
                  "Expected " + std::to_string(expected_) + " images of a batch but only " +
                      std::to_string(outcome.batch->count) + " can be decoded now",
                  "image files were changed while they were in use");
    }
    return outcome.batch;
  }

 private:
  static LoaderOptions options(const Batch& batch) {
    LoaderOptions options;
    options.indices = batch.later->indices;
    options.batch_size = batch.count;
    options.mean = batch.mean;
    options.std = batch.std;
    options.threads = batch.later->threads;
    options.prefetch = 1;
    return options;
  }

  const int64_t expected_;
  std::promise<LoaderOutcome> outcome_;  // outlives the loader, which may answer until its end
  Loader loader_;
};

}  // namespace

BatchPtr later_batch(LaterPixels pixels, std::vector<float> mean, std::vector<float> std) {
  auto batch = std::make_shared<Batch>();
  const ImageShape& shape = pixels.dataset->shape();
  batch->count = static_cast<int64_t>(pixels.indices.size());
  batch->channels = shape.channels;
  batch->height = shape.height;
  batch->width = shape.width;
  batch->mean = std::move(mean);
  batch->std = std::move(std);
  pixels.dataset->check_indices(pixels.indices);
  for (const uint32_t index : pixels.indices) batch->labels.push_back(pixels.dataset->label(index));
  batch->later = std::make_shared<LaterPixels>(std::move(pixels));
  return batch;
}

BatchPtr with_pixels(const BatchPtr& batch) {
  return batch->later ? Decoding(*batch).wait() : batch;
}

std::vector<BatchPtr> with_pixels(const std::vector<BatchPtr>& batches) {
  std::vector<BatchPtr> decoded;
  for (const BatchPtr& batch : batches) decoded.push_back(with_pixels(batch));
  return decoded;
}

void each_batch(const std::vector<BatchPtr>& batches, const std::function<void(const Batch&)>& use) {
  std::unique_ptr<Decoding> next;
  const auto start = [&](size_t i) {
    next = i < batches.size() && batches[i]->later ? std::make_unique<Decoding>(*batches[i]) : nullptr;
  };
  start(0);
  for (size_t i = 0; i < batches.size(); ++i) {
    const BatchPtr batch = next ? next->wait() : batches[i];
    start(i + 1);
    use(*batch);
  }
}

}  // namespace singlepath
