#include "train/step.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "execute/executor.h"
#include "execute/images.h"
#include "train/data_parallel.h"

namespace singlepath {

StepResult accumulate_gradients(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                const Execution& execution, const StepOptions& options, at::Device device,
                                at::ScalarType storage, at::Tensor* logits, at::Tensor* input) {
  at::AutoGradMode with_gradient(true);
  StepResult result;
  for (const BatchPtr& batch : batches) result.images += batch->count;
  for (const BatchPtr& batch : batches) {
    at::Tensor images = images_of(*batch, device, storage);
    if (input != nullptr) *input = images.set_requires_grad(true);
    const at::Tensor labels = labels_of(*batch, device);
    const at::Tensor scores = run_path(network, images, execution);
    const double share = static_cast<double>(batch->count) / result.images;
    const auto cross_entropy = [&](const at::Tensor& targets) {
      return at::cross_entropy_loss(scores, targets, {}, /*reduction=*/1 /*mean*/,
                                    /*ignore_index=*/-100, options.label_smoothing);
    };
    at::Tensor loss = cross_entropy(labels);
    if (!batch->second_labels.empty()) {  // mixup, cutmix: each label counts as its image does
      loss = loss * batch->share + cross_entropy(second_labels_of(*batch, device)) * (1 - batch->share);
    }
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error("NON_FINITE_LOSS", "Expected a finite loss but received " + std::to_string(value),
                  "lower the learning rate, clip gradients (train.clipGradientNorm), or check the data");
    }
    result.loss += value * share;
    result.correct += scores.argmax(1).eq(labels).sum().item<int64_t>();
    (batches.size() == 1 ? loss : loss * share).backward();
    if (logits != nullptr) *logits = scores.detach();
  }
  return result;
}

StepResult run_step(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                    const Execution& execution, const StepOptions& options, at::Device device,
                    at::ScalarType storage, const DataParallel* parallel) {
  StepResult result =
      parallel == nullptr
          ? accumulate_gradients(network, batches, execution, options, device, storage)
          : accumulate_on_all_ranks(network, batches, execution, options, device, storage, *parallel);
  result.gradient_norm = std::numeric_limits<double>::quiet_NaN();
  if (options.clip_gradient_norm > 0) {
    result.gradient_norm = gradient_norm(*execution.path);
    if (result.gradient_norm > options.clip_gradient_norm) {
      scale_gradients(*execution.path, options.clip_gradient_norm / (result.gradient_norm + 1e-6));
    }
  }
  sgd_update(*execution.path, options.sgd);
  return result;
}

}  // namespace singlepath
