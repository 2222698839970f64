// What the steps of a network report while a GPU still computes them.
#pragma once

#include <ATen/core/Tensor.h>

namespace singlepath {

// Numbers on the card, rewritten by each step and copied to the host at its end. Undefined for a device that
// does not compute aside (runtime/device.h): there every number is known as soon as it is computed.
struct StepBoard {
  explicit StepBoard(at::Device device);

  // From a value that was not finite until clear(): while `failed` is 1, steps change nothing, so those that
  // were started before the host knew of the failure do no harm.
  void clear();
  // Makes `failed` 1 where this value is not finite.
  void check(const at::Tensor& value);

  at::Tensor numbers;                      // float32 [4]: those below
  at::Tensor loss, correct, norm, failed;  // scalars that share its memory
};

}  // namespace singlepath
