#include "evaluate/score.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "data/later.h"
#include "execute/images.h"

namespace singlepath {

void add_score(const at::Tensor& logits, const at::Tensor& labels, const Architecture& path, Score& score) {
  const double loss = at::cross_entropy_loss(logits, labels, {}, /*reduction=*/2 /*sum*/).item<double>();
  if (!std::isfinite(loss)) {
    std::string genes;
    for (const int32_t gene : path) genes += (genes.empty() ? " for path " : ",") + std::to_string(gene);
    throw Error("NON_FINITE_LOSS", "Expected a finite loss" + genes + " but received " + std::to_string(loss),
                "these weights are of a training that diverged: train with a lower learning rate or clipped "
                "gradients (train.clipGradientNorm), or check the data");
  }
  score.correct += logits.argmax(1).eq(labels).sum().item<int64_t>();
  const int64_t k = std::min<int64_t>(5, logits.size(1));
  const at::Tensor best = std::get<1>(logits.topk(k, 1));
  score.top5 += best.eq(labels.unsqueeze(1)).any(1).sum().item<int64_t>();
  score.loss += loss;
}

Validation validate_batches(const std::vector<BatchPtr>& batches, at::Device device, const Architecture& path,
                            const Cancellation& cancellation,
                            const std::function<at::Tensor(const Batch&)>& logits) {
  at::NoGradGuard no_grad;
  Validation result;
  each_batch(batches, [&](const Batch& batch) {
    cancellation.check();
    add_score(logits(batch), labels_of(batch, device), path, result.score);
    result.images += batch.count;
  });
  result.score.loss /= std::max<int64_t>(1, result.images);
  return result;
}

}  // namespace singlepath
