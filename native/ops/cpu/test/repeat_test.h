// Threads take pieces of work as they come; results must not show it.
#pragma once

namespace singlepath::cpu::test {

void test_repeat();

}  // namespace singlepath::cpu::test
