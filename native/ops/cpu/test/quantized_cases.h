// Chains with quantizers in front of their convolutions.
#pragma once

#include <vector>

#include "chain_case.h"

namespace singlepath::cpu::test {

void add_quantized_cases(std::vector<Case>& all);

}  // namespace singlepath::cpu::test
