// Quantizers against the same operations one by one, at ties, bounds, denormals, infinities and NaN.
#pragma once

namespace singlepath::cpu::test {

void test_quantize();

}  // namespace singlepath::cpu::test
