#include "train/data_parallel.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <chrono>
#include <utility>

#include "core/error.h"
#include "core/fnv.h"
#include "core/rng.h"
#include "distributed/tree.h"
#include "weights/running_averages.h"

namespace singlepath {
namespace {

// flat[place...] = value * weight. A path has some 300 tensors, most of them small: a call of ATen for each
// takes longer than what it does.
void put_scaled(at::Tensor& flat, int64_t place, const at::Tensor& value, double weight) {
  const bool plain = value.is_cpu() && value.scalar_type() == at::kFloat && value.is_contiguous() &&
                     flat.scalar_type() == at::kFloat;
  if (!plain) {
    flat.narrow(0, place, value.numel()).view(value.sizes()).copy_(value).mul_(weight);
    return;
  }
  const float* from = value.data_ptr<float>();
  float* to = flat.data_ptr<float>() + place;
  const auto factor = static_cast<float>(weight);
  const int64_t count = value.numel();
  for (int64_t i = 0; i < count; ++i) to[i] = from[i] * factor;
}

// The gradients of the path, and how its running averages have moved, in one row.
class Bucket {
 public:
  Bucket(ActivePath& path, const RunningAverages& averages, int64_t shards)
      : path_(path), averages_(averages) {
    for (const ActivePath::Leaf& leaf : path.leaves()) {
      if (leaf.view.grad().defined()) size_ += leaf.view.numel();
    }
    for (const auto& [buffer, before] : averages.saved()) size_ += before.numel();
    size_ = (size_ + shards - 1) / shards * shards;  // see Group::tree_sum
  }

  int64_t size() const { return size_; }

  // Times `weight`; gradients and averages are as before the shard afterwards.
  at::Tensor take(double weight) {
    const at::NoGradGuard no_grad;
    at::Tensor flat;
    int64_t place = 0;
    const auto put = [&](const at::Tensor& value) {
      if (!flat.defined()) flat = at::empty({size_}, value.options());
      put_scaled(flat, place, value, weight);
      place += value.numel();
    };
    for (ActivePath::Leaf& leaf : path_.leaves()) {
      if (!leaf.view.grad().defined()) continue;
      put(leaf.view.grad());
      leaf.view.mutable_grad() = at::Tensor();
    }
    for (const auto& [buffer, before] : averages_.saved()) put(buffer->value - before);
    averages_.restore();
    flat.narrow(0, place, size_ - place).zero_();
    return flat;
  }

  // Gradients become views into `flat`. `filled`: which leaves have one.
  void give(const at::Tensor& flat, const std::vector<bool>& filled) {
    const at::NoGradGuard no_grad;
    int64_t place = 0;
    const auto next = [&](const at::Tensor& like) {
      const at::Tensor value = flat.narrow(0, place, like.numel()).view(like.sizes());
      place += like.numel();
      return value;
    };
    for (size_t i = 0; i < path_.leaves().size(); ++i) {
      at::Tensor& view = path_.leaves()[i].view;
      if (filled[i]) view.mutable_grad() = next(view);
    }
    for (const auto& [buffer, before] : averages_.saved()) buffer->value.add_(next(before));
  }

 private:
  ActivePath& path_;
  const RunningAverages& averages_;
  int64_t size_ = 0;
};

std::vector<bool> filled_leaves(ActivePath& path) {
  std::vector<bool> filled;
  for (const ActivePath::Leaf& leaf : path.leaves()) filled.push_back(leaf.view.grad().defined());
  return filled;
}

uint64_t key_of(const Architecture& architecture, int64_t size, const DataParallel& parallel) {
  const int64_t shape[] = {size, parallel.shards, parallel.tree ? 1 : 0};
  const uint64_t path = fnv1a(architecture.data(), architecture.size() * sizeof(architecture[0]));
  return fnv1a(shape, sizeof(shape), path);
}

// What this rank's shards gave.
struct Own {
  at::Tensor sum;  // of gradients and averages, weighted by images
  std::vector<bool> filled;
  Report report;
  std::exception_ptr failure;
};

Own compute_own(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                const Execution& execution, const StepOptions& options, at::Device device,
                at::ScalarType storage, const DataParallel& parallel, const RunningAverages& averages,
                RecordedLayers* recorded) {
  const int64_t world = parallel.group ? parallel.group->world_size() : 1;
  const int64_t here = parallel.shards / world;
  const int64_t first = parallel.group ? parallel.group->rank() * here : 0;
  Own own;
  own.report.step = parallel.step;
  if (parallel.stop) own.report.flags = kStopRequested;
  try {
    std::vector<at::Tensor> sums;
    std::vector<double> losses;
    int64_t size = 0;
    for (int64_t shard = 0; shard < here; ++shard) {
      std::vector<BatchPtr> mine;
      for (size_t i = static_cast<size_t>(shard); i < batches.size(); i += static_cast<size_t>(here))
        mine.push_back(batches[i]);
      // Each shard has dropout masks of its own; those of shard 0 are those of a step without shards.
      at::Generator generator = execution.generator;
      if (first + shard > 0)
        generator.set_current_seed(mix64(options.random_key + static_cast<uint64_t>(first + shard)));
      const StepResult one = accumulate_gradients(network, mine, execution, options, device, storage, nullptr,
                                                  nullptr, nullptr, recorded, /*keep=*/true);
      own.filled = filled_leaves(*execution.path);
      Bucket bucket(*execution.path, averages, parallel.shards);
      size = bucket.size();
      sums.push_back(bucket.take(static_cast<double>(one.images)));
      losses.push_back(one.loss * static_cast<double>(one.images));
      own.report.images += static_cast<uint32_t>(one.images);
      own.report.correct += static_cast<uint32_t>(one.correct);
    }
    own.sum = tree_of(std::move(sums));
    own.report.loss = tree_of(std::move(losses));
    own.report.key = key_of(execution.architecture, size, parallel);
  } catch (const Error& error) {
    own.failure = std::current_exception();
    own.report.flags |= error.code == "NON_FINITE_LOSS" ? kNonFinite : kFailed;
  } catch (...) {
    own.failure = std::current_exception();
    own.report.flags |= kFailed;
  }
  return own;
}

// Which ranks have the flag: "rank 1, 3".
std::string ranks_with(const std::vector<Report>& reports, uint32_t flag) {
  std::string list;
  for (size_t rank = 0; rank < reports.size(); ++rank) {
    if ((reports[rank].flags & flag) != 0) list += (list.empty() ? "rank " : ", ") + std::to_string(rank);
  }
  return list;
}

}  // namespace

StepResult accumulate_on_all_ranks(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                   const Execution& execution, const StepOptions& options, at::Device device,
                                   at::ScalarType storage, const DataParallel& parallel,
                                   RecordedLayers* recorded) {
  const RunningAverages averages(network, execution.architecture, execution.parameters, /*each=*/true);
  Own own = compute_own(network, batches, execution, options, device, storage, parallel, averages, recorded);
  const auto computed = std::chrono::steady_clock::now();
  std::vector<Report> reports{own.report};
  try {
    if (parallel.group) reports = parallel.group->exchange(own.report);
  } catch (...) {
    if (own.failure) std::rethrow_exception(own.failure);  // says more
    throw;
  }
  if (own.failure) std::rethrow_exception(own.failure);
  if (const std::string ranks = ranks_with(reports, kNonFinite); !ranks.empty())
    throw Error("NON_FINITE_LOSS", "Expected a finite loss but that of " + ranks + " is not");

  StepResult result;
  std::vector<double> losses;
  for (const Report& report : reports) {
    result.images += report.images;
    result.correct += report.correct;
    losses.push_back(report.loss);
    if ((report.flags & kStopRequested) != 0) result.stop = true;
  }
  result.loss = tree_of(std::move(losses)) / static_cast<double>(result.images);

  if (parallel.group && parallel.tree) parallel.group->tree_sum(own.sum);
  if (parallel.group && !parallel.tree) parallel.group->sum(own.sum);
  const std::chrono::duration<double> communication = std::chrono::steady_clock::now() - computed;
  result.communication = communication.count();
  own.sum.div_(static_cast<double>(result.images));
  Bucket(*execution.path, averages, parallel.shards).give(own.sum, own.filled);
  return result;
}

}  // namespace singlepath
