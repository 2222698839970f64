#pragma once

#include <vector>

#include "chain_case.h"

namespace singlepath::cpu::test {

void add_gate_cases(std::vector<Case>& all);

}  // namespace singlepath::cpu::test
