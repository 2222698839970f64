#include "weights/execution.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "runtime/device.h"

namespace singlepath {

void PooledStatistics::add(const at::Tensor& batch_mean, const at::Tensor& batch_unbiased_var,
                           int64_t batch_count) {
  at::NoGradGuard no_grad;
  if (computes_aside(batch_mean.device())) {
    means_.push_back(batch_mean);
    vars_.push_back(batch_count > 1 ? batch_unbiased_var : at::zeros_like(batch_mean));
    counts_.push_back(static_cast<double>(batch_count));
    count += batch_count;
    return;
  }
  const at::Tensor own_mean = batch_mean.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  // The unbiased variance of one value is 0 / 0.
  const at::Tensor own_var =
      batch_count > 1 ? batch_unbiased_var.to(at::kDouble).mul(batch_count - 1) : at::zeros_like(own_mean);
  if (count == 0) {
    mean = own_mean;
    var = own_var;
  } else {
    const double all = static_cast<double>(count + batch_count);
    const at::Tensor apart = own_mean - mean;
    mean.add_(apart, batch_count / all);
    var.add_(own_var).addcmul_(apart, apart, count * (batch_count / all));
  }
  count += batch_count;
}

// All batches at once: the squared deviations within each batch, and those of the batches' means.
void PooledStatistics::merge_batches() {
  const int64_t batches = static_cast<int64_t>(means_.size());
  const auto host = [&](const std::vector<double>& values) {
    return at::tensor(values, at::kDouble)
        .view({batches, 1})
        .to(means_[0].device(), at::kDouble, /*non_blocking=*/true);
  };
  std::vector<double> inner;  // degrees of freedom within a batch
  for (const double own : counts_) inner.push_back(std::max(0.0, own - 1));
  const at::Tensor counts = host(counts_);
  const at::Tensor means = at::stack(means_).to(at::kDouble);
  mean = (means * counts).sum(0).div_(static_cast<double>(count));
  var = (at::stack(vars_).to(at::kDouble) * host(inner)).sum(0);
  var.add_((means - mean).square_().mul_(counts).sum(0));
  means_.clear();
  vars_.clear();
}

void PooledStatistics::finish() {
  at::NoGradGuard no_grad;
  if (!means_.empty()) merge_batches();
  mean = mean.to(at::kFloat);
  var = var.div(std::max<int64_t>(1, count - 1)).to(at::kFloat);
}

}  // namespace singlepath
