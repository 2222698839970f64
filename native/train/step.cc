#include "train/step.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "core/error.h"
#include "execute/executor.h"
#include "execute/images.h"
#include "execute/recorded_layers.h"
#include "train/data_parallel.h"
#include "train/device_sgd.h"

namespace singlepath {
namespace {

// Waiting for a card takes no core.
constexpr std::chrono::microseconds kPoll{20};

// By which the results of a CPU that is taken for a card are late.
constexpr std::chrono::milliseconds kPretendedDelay{2};

constexpr const char* kLoss = "loss";
constexpr const char* kNorm = "norm of the gradients";

[[noreturn]] void throw_non_finite(const char* what, double value) {
  throw Error("NON_FINITE_LOSS",
              std::string("Expected a finite ") + what + " but received " + std::to_string(value),
              "lower the learning rate, clip gradients (train.clipGradientNorm), or check the data");
}

// The first batch of a step overwrites what the board said of the step before.
void note(StepBoard& board, bool first, const at::Tensor& loss, const at::Tensor& hits, double share) {
  at::NoGradGuard no_grad;
  board.check(loss);
  if (first) {
    board.loss.zero_();
    board.correct.zero_();
  }
  board.loss.add_(loss, share);
  board.correct.add_(hits);
}

}  // namespace

bool StartedStep::done() const noexcept {
  try {
    if (!numbers_.defined()) return true;
    return event_ ? event_->query() : std::chrono::steady_clock::now() >= pretended_end_;
  } catch (...) {  // of a lost device: finish() tells
    return true;
  }
}

void StartedStep::read(const StepBoard& board) {
  const at::Device device = board.numbers.device();
  numbers_ = at::empty({4}, at::TensorOptions(at::kFloat).pinned_memory(!device.is_cpu()));
  numbers_.copy_(board.numbers, /*non_blocking=*/true);
  if (device.is_cpu()) {
    pretended_end_ = std::chrono::steady_clock::now() + kPretendedDelay;
    return;
  }
  event_.emplace(device.type());
  event_->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
}

StepResult StartedStep::finish() const {
  if (!numbers_.defined()) return result;
  if (event_) {
    while (!event_->query()) std::this_thread::sleep_for(kPoll);  // the next step is queued: no hurry
  } else {
    std::this_thread::sleep_until(pretended_end_);
  }
  const float* numbers = numbers_.data_ptr<float>();
  if (numbers[3] != 0) {
    if (!std::isfinite(numbers[0])) throw_non_finite(kLoss, numbers[0]);
    if (!std::isfinite(numbers[2])) throw_non_finite(kNorm, numbers[2]);
    throw Error("ABORTED", "Not taken: a step before it failed");
  }
  StepResult complete = result;
  complete.loss = numbers[0];
  complete.correct = static_cast<int64_t>(numbers[1]);
  complete.gradient_norm = numbers[2];
  return complete;
}

StepResult accumulate_gradients(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                                const Execution& execution, const StepOptions& options, at::Device device,
                                at::ScalarType storage, StepBoard* board, at::Tensor* logits,
                                at::Tensor* input, RecordedLayers* recorded, bool keep) {
  at::AutoGradMode with_gradient(true);
  StepResult result;
  for (const BatchPtr& batch : batches) result.images += batch->count;
  for (const BatchPtr& batch : batches) {
    at::Tensor images = images_of(*batch, device, storage);
    if (input != nullptr) *input = images.set_requires_grad(true);
    const at::Tensor labels = labels_of(*batch, device);
    const at::Tensor scores =
        recorded != nullptr ? recorded->forward(images, execution) : run_path(network, images, execution);
    const double share = static_cast<double>(batch->count) / result.images;
    const auto cross_entropy = [&](const at::Tensor& targets) {
      return at::cross_entropy_loss(scores, targets, {}, /*reduction=*/1 /*mean*/,
                                    /*ignore_index=*/-100, options.label_smoothing);
    };
    at::Tensor loss = cross_entropy(labels);
    at::Tensor counted = labels;
    if (!batch->second_labels.empty()) {  // mixup, cutmix: each label counts as its image does
      const at::Tensor second = second_labels_of(*batch, device);
      loss = loss * batch->share + cross_entropy(second) * (1 - batch->share);
      if (batch->share < 0.5) counted = second;  // hits are of the label with the larger share
    }
    const auto hits = [&] { return scores.argmax(1).eq(counted).sum(); };
    if (board != nullptr) {
      note(*board, batch == batches.front(), loss.detach(), hits(), share);
    } else {
      const double value = loss.item<double>();
      if (!std::isfinite(value)) throw_non_finite(kLoss, value);
      result.loss += value * share;
      result.correct += hits().item<int64_t>();
    }
    (batches.size() == 1 ? loss : loss * share).backward();
    if (recorded != nullptr) recorded->backward(scores.grad(), execution, keep || batches.size() > 1);
    if (logits != nullptr) *logits = scores.detach();
  }
  return result;
}

namespace {

// Clipping and the update, both on the card.
void update_on_device(StartedStep& step, ActivePath& path, const StepOptions& options, StepBoard& board) {
  const std::vector<ActivePath::Leaf*> leaves = leaves_with_gradient(path);
  device_gradient_norm(leaves, board);
  board.check(board.norm);
  at::Tensor divisor;
  if (options.clip_gradient_norm > 0) {
    at::NoGradGuard no_grad;
    divisor = ((board.norm + 1e-6) / options.clip_gradient_norm).clamp_min_(1);
  }
  if (options.sgd.momentum != 0) step.created = create_momenta(leaves);
  device_sgd(leaves, options.sgd, divisor, board);
}

}  // namespace

StartedStep start_step(const NetworkDescription& network, const std::vector<BatchPtr>& batches,
                       const Execution& execution, const StepOptions& options, at::Device device,
                       at::ScalarType storage, StepBoard& board, const DataParallel* parallel,
                       RecordedLayers* recorded) {
  const bool aside = board.numbers.defined();
  StartedStep step;
  step.result = parallel != nullptr
                    ? accumulate_on_all_ranks(network, batches, execution, options, device, storage,
                                              *parallel, recorded)
                    : accumulate_gradients(network, batches, execution, options, device, storage,
                                           aside ? &board : nullptr, nullptr, nullptr, recorded);
  if (aside) {
    update_on_device(step, *execution.path, options, board);
    if (parallel != nullptr) step.result.gradient_norm = board.norm.item<double>();
    return step;
  }
  const double norm = gradient_norm(*execution.path);
  if (!std::isfinite(norm)) throw_non_finite(kNorm, norm);  // a finite loss can have such gradients
  if (options.clip_gradient_norm > 0 && norm > options.clip_gradient_norm)
    scale_gradients(*execution.path, options.clip_gradient_norm / (norm + 1e-6));
  step.result.gradient_norm = norm;
  sgd_update(*execution.path, options.sgd);
  return step;
}

}  // namespace singlepath
