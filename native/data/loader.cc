#include "data/loader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/rng.h"

namespace singlepath {

int64_t batches_per_epoch(int64_t images, int64_t batch_size, bool drop_last) {
  return drop_last ? images / batch_size : (images + batch_size - 1) / batch_size;
}

void shuffle_indices(std::vector<uint32_t>& indices, uint64_t seed, uint64_t epoch) {
  RandomStream random(seed, Purpose::shuffle, epoch);
  for (size_t left = indices.size(); left > 1; left--)
    std::swap(indices[left - 1], indices[random.integer(left)]);
}

Loader::Loader(DatasetPtr dataset, LoaderOptions options)
    : dataset_(std::move(dataset)), options_(std::move(options)) {
  const auto invalid = [](const std::string& message) { throw Error("INVALID_ARGUMENT", message); };
  for (const uint32_t index : options_.indices) {
    if (index >= static_cast<uint64_t>(dataset_->count)) {
      invalid("Expected image indices below " + std::to_string(dataset_->count) + " but received " +
              std::to_string(index));
    }
  }
  if (options_.batch_size < 1 || options_.threads < 1 || options_.prefetch < 1) {
    invalid("Expected batch size, threads and prefetch of a loader to be at least 1");
  }
  const auto channels = static_cast<size_t>(dataset_->channels);
  if (options_.mean.size() != channels || options_.std.size() != channels) {
    invalid("Expected mean and std of a loader to have " + std::to_string(channels) + " values");
  }
  if (options_.augment.padding < 0 ||
      options_.augment.padding > std::min(dataset_->height, dataset_->width)) {
    invalid("Expected a crop padding from 0 to the image's side but received " +
            std::to_string(options_.augment.padding));
  }
  end_ = batches_per_epoch(static_cast<int64_t>(options_.indices.size()), options_.batch_size,
                           options_.drop_last);
  if (options_.first_batch < 0 || options_.first_batch > end_) {
    invalid("Expected a first batch from 0 to " + std::to_string(end_) + " but received " +
            std::to_string(options_.first_batch));
  }
  if (options_.shuffle) shuffle_indices(options_.indices, options_.seed, options_.epoch);

  claimed_ = delivered_ = options_.first_batch;
  ring_.resize(static_cast<size_t>(options_.prefetch));
  pool_ = std::make_shared<BatchPool>(ring_.size() + 2);
  const int64_t useful = std::min<int64_t>(options_.threads, options_.prefetch);
  try {
    for (int64_t i = 0; i < useful; i++) threads_.emplace_back([this] { work(); });
  } catch (...) {  // no more threads to be had: a destructor does not run for a half-built object
    stop(std::current_exception());
    for (auto& thread : threads_) thread.join();
    throw Error("NATIVE", "Cannot start the threads of a loader", "use fewer loader threads");
  }
}

Loader::~Loader() {
  stop(std::make_exception_ptr(Error("DISPOSED", "The loader was disposed")));
  for (auto& thread : threads_) thread.join();
}

void Loader::next(Receiver receiver) {
  std::lock_guard lock(mutex_);
  if (stopped_) return receiver({nullptr, stopped_});
  waiting_.push_back(std::move(receiver));
  deliver();
}

void Loader::stop(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  stopped_ = error;
  stopping_ = true;
  ring_.clear();
  room_.notify_all();
  for (auto& receiver : waiting_) receiver({nullptr, error});
  waiting_.clear();
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock, [this] {
      return stopped_ || claimed_ == end_ || claimed_ < delivered_ + static_cast<int64_t>(ring_.size());
    });
    if (stopped_ || claimed_ == end_) return;
    const int64_t number = claimed_++;
    lock.unlock();
    LoaderOutcome outcome;
    try {
      outcome.batch = prepare(number);
    } catch (...) {
      outcome.error = std::current_exception();
    }
    lock.lock();
    if (stopped_) return;
    ring_[static_cast<size_t>(number) % ring_.size()] = {true, std::move(outcome)};
    deliver();
  }
}

void Loader::deliver() {
  while (!waiting_.empty()) {
    if (delivered_ == end_) {
      waiting_.front()({nullptr, nullptr});
    } else {
      Slot& slot = ring_[static_cast<size_t>(delivered_) % ring_.size()];
      if (!slot.ready) return;
      waiting_.front()(std::move(slot.outcome));
      slot = {};
      delivered_++;
      room_.notify_one();
    }
    waiting_.pop_front();
  }
}

BatchPtr Loader::prepare(int64_t number) {
  const int64_t begin = number * options_.batch_size;
  const int64_t end = std::min(begin + options_.batch_size, static_cast<int64_t>(options_.indices.size()));
  auto batch = pool_->take();
  batch->count = end - begin;
  batch->channels = dataset_->channels;
  batch->height = dataset_->height;
  batch->width = dataset_->width;
  batch->mean = options_.mean;
  batch->std = options_.std;
  batch->labels.resize(static_cast<size_t>(batch->count));
  batch->pixels.resize(static_cast<size_t>(batch->count * dataset_->image_bytes()));
  uint8_t* out = batch->pixels.data();
  for (int64_t i = 0; i < batch->count && !stopping_; i++, out += dataset_->image_bytes()) {
    const uint32_t index = options_.indices[static_cast<size_t>(begin + i)];
    batch->labels[static_cast<size_t>(i)] = dataset_->labels[index];
    write_augmented(*dataset_, index, options_.augment, options_.seed, options_.epoch, out);
  }
  return batch;
}

}  // namespace singlepath
