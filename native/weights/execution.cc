#include "weights/execution.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

namespace singlepath {

void BatchStatistics::add(const at::Tensor& batch_mean, const at::Tensor& batch_unbiased_var,
                          int64_t batch_count) {
  at::NoGradGuard no_grad;
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

void BatchStatistics::finish() {
  at::NoGradGuard no_grad;
  mean = mean.to(at::kFloat);
  var = var.div(std::max<int64_t>(1, count - 1)).to(at::kFloat);
}

}  // namespace singlepath
