// Convolutions of levels against the sums of 64-bit integers; skipped where there are no such kernels.
#pragma once

namespace singlepath::cpu::test {

void test_levels();

}  // namespace singlepath::cpu::test
