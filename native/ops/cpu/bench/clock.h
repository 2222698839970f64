#pragma once

#include <functional>

namespace singlepath::cpu {

// Seconds; CPU time of the process instead (on a busy machine, with one thread) after use_cpu_clock().
double now();
void use_cpu_clock();

// Of `repeats` calls, after one that is not counted.
double median_seconds(int repeats, const std::function<void()>& body);

}  // namespace singlepath::cpu
