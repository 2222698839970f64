// A chain with all that can surround it, run against the reference.
#pragma once

#include <string>
#include <vector>

#include "../chain.h"

namespace singlepath::cpu::test {

enum class Residual { none, input, other };

struct Case {
  std::string name;
  std::vector<Unit> units;
  int batch, height, width;
  int first = 0, step = 1;  // slice of the input tensor
  int spare = 0;            // further channels of the input and output tensors
  Residual residual = Residual::none;
  Activation post = Activation::none;
  bool pass = false;  // even channels beside the odd ones
  bool pooled = false;
  bool affine = true;
  int weight_slack = 0;  // weights are a slice of rows this much longer
  bool accumulate = false;
  bool input_gradient = true;
  bool keeps_input = false;

  bool quantized() const {
    for (const Unit& unit : units)
      if (unit.quantized) return true;
    return false;
  }
};

// Every kind of chain.
std::vector<Case> cases();

// Outputs, statistics, all gradients, evaluation, and that nothing around them is written.
void run_case(const Case& test, Storage storage, int threads);

}  // namespace singlepath::cpu::test
