#include "train/board.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/zeros.h>

#include "runtime/device.h"

namespace singlepath {

StepBoard::StepBoard(at::Device device) {
  if (!computes_aside(device)) return;
  numbers = at::zeros({4}, at::TensorOptions(device).dtype(at::kFloat));
  loss = numbers[0];
  correct = numbers[1];
  norm = numbers[2];
  failed = numbers[3];
}

void StepBoard::clear() {
  failed.zero_();
}

void StepBoard::check(const at::Tensor& value) {
  at::logical_or_out(failed, failed, value - value);  // 0 where finite, else NaN, which counts as true
}

}  // namespace singlepath
