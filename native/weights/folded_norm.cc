#include "weights/folded_norm.h"

#include <ATen/TensorOperators.h>

namespace singlepath {

FoldedNorm folded_norm(const at::Tensor& mean, const at::Tensor& spread, const at::Tensor& gamma,
                       const at::Tensor& beta) {
  const at::Tensor deviation = spread.sqrt();
  const at::Tensor scale = gamma.defined() ? gamma.to(at::kDouble) / deviation : deviation.reciprocal();
  const at::Tensor moved = mean * scale;
  const at::Tensor shift = beta.defined() ? beta - moved : -moved;
  return {scale.to(at::kFloat), shift.to(at::kFloat)};
}

}  // namespace singlepath
