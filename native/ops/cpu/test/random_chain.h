#pragma once

// The chain of a case with random parameters, and the same units as the reference has them.

#include <vector>

#include "chain_case.h"
#include "reference.h"

namespace singlepath::cpu::test {

struct RandomChain {
  Chain chain;
  std::vector<ReferenceUnit> reference;
  std::vector<std::vector<float>> weights, gammas, betas;  // what the chain points to
};

RandomChain random_chain(const Case& test, Storage storage);

// Values of one output channel's weights.
int weight_row(const Unit& u);

}  // namespace singlepath::cpu::test
