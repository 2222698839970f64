#include "graph/execution.h"

#include <ATen/core/grad_mode.h>

namespace singlepath {

void BatchStatistics::add(const at::Tensor& batch_mean, const at::Tensor& batch_unbiased_var) {
  at::NoGradGuard no_grad;
  if (batches++ == 0) {
    mean = batch_mean.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
    var = batch_unbiased_var.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  } else {
    mean.add_(batch_mean);
    var.add_(batch_unbiased_var);
  }
}

void BatchStatistics::finish() {
  at::NoGradGuard no_grad;
  mean = mean.div(batches).to(at::kFloat);
  var = var.div(batches).to(at::kFloat);
}

}  // namespace singlepath
