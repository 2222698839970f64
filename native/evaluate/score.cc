#include "evaluate/score.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "data/later.h"
#include "execute/images.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

constexpr int64_t kBest = 5;

// Logits that wait on a card to be scored together.
constexpr int64_t kMostWaiting = 64 << 20;

Score score_now(const at::Tensor& logits, const at::Tensor& labels) {
  Score score;
  score.loss = at::cross_entropy_loss(logits, labels, {}, /*reduction=*/2 /*sum*/).item<double>();
  score.correct = logits.argmax(1).eq(labels).sum().item<int64_t>();
  const int64_t k = std::min<int64_t>(kBest, logits.size(1));
  const at::Tensor best = std::get<1>(logits.topk(k, 1));
  score.top5 = best.eq(labels.unsqueeze(1)).any(1).sum().item<int64_t>();
  return score;
}

// Number of classes that come before the label: those of larger logits, and of equal ones those before it.
at::Tensor rank_of(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor label = labels.unsqueeze(1);
  const at::Tensor own = logits.gather(1, label);
  const at::Tensor earlier = at::arange(logits.size(1), labels.options()).lt(label);
  return logits.gt(own).logical_or_(logits.eq(own).logical_and_(earlier)).sum(1);
}

at::Tensor on_host(const std::vector<at::Tensor>& parts) {
  return at::cat(parts).to(at::kCPU);
}

}  // namespace

ScoreSheet::ScoreSheet(size_t networks, at::Device device) : device_(device), scores_(networks) {}

void ScoreSheet::add(const std::vector<size_t>& networks, const Score& score, const Architecture& path) {
  if (!std::isfinite(score.loss)) {
    std::string genes;
    for (const int32_t gene : path) genes += (genes.empty() ? " for path " : ",") + std::to_string(gene);
    throw Error("NON_FINITE_LOSS",
                "Expected a finite loss" + genes + " but received " + std::to_string(score.loss),
                "these weights are of a training that diverged: train with a lower learning rate or clipped "
                "gradients (train.clipGradientNorm), or check the data");
  }
  for (const size_t network : networks) {
    scores_[network].correct += score.correct;
    scores_[network].top5 += score.top5;
    scores_[network].loss += score.loss;
  }
}

void ScoreSheet::add(const std::vector<size_t>& networks, const at::Tensor& logits, const at::Tensor& labels,
                     const Architecture& path) {
  if (!computes_aside(device_)) return add(networks, score_now(logits, labels), path);
  pending_.push_back({networks, path, logits.size(0), logits.clone(), labels});
  waiting_bytes_ += static_cast<int64_t>(logits.nbytes());
  if (waiting_bytes_ > kMostWaiting) score_waiting();
}

void ScoreSheet::score_waiting() {
  if (scored_ == pending_.size()) return;
  std::vector<at::Tensor> logits, labels;
  for (; scored_ < pending_.size(); ++scored_) {
    logits.push_back(std::move(pending_[scored_].logits));
    labels.push_back(std::move(pending_[scored_].labels));
  }
  const at::Tensor all = at::cat(logits), targets = at::cat(labels);
  losses_.push_back(at::cross_entropy_loss(all, targets, {}, /*reduction=*/0 /*none*/));
  ranks_.push_back(rank_of(all, targets));
  waiting_bytes_ = 0;
}

std::vector<Score> ScoreSheet::take() {
  if (!pending_.empty()) {
    score_waiting();
    const at::Tensor all_losses = on_host(losses_), all_ranks = on_host(ranks_);
    const float* loss = all_losses.data_ptr<float>();
    const int64_t* rank = all_ranks.data_ptr<int64_t>();
    for (const Pending& batch : pending_) {
      Score score;
      for (const int64_t* last = rank + batch.images; rank < last; ++rank, ++loss) {
        score.loss += *loss;
        score.correct += *rank == 0;
        score.top5 += *rank < kBest;
      }
      add(batch.networks, score, batch.path);
    }
    pending_.clear();
  }
  return std::move(scores_);
}

Validation validate_batches(const std::vector<BatchPtr>& batches, at::Device device, const Architecture& path,
                            const Cancellation& cancellation,
                            const std::function<at::Tensor(const Batch&)>& logits) {
  at::NoGradGuard no_grad;
  Validation result;
  ScoreSheet sheet(1, device);
  each_batch(batches, [&](const Batch& batch) {
    cancellation.check();
    sheet.add({0}, logits(batch).to(at::kFloat), labels_of(batch, device), path);
    result.images += batch.count;
  });
  result.score = sheet.take()[0];
  result.score.loss /= std::max<int64_t>(1, result.images);
  return result;
}

}  // namespace singlepath
