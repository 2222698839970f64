#include "clock.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace singlepath::cpu {
namespace {

bool cpu_clock = false;

}  // namespace

void use_cpu_clock() {
  cpu_clock = true;
}

double now() {
  if (cpu_clock) {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median_seconds(int repeats, const std::function<void()>& body) {
  std::vector<double> times;
  body();
  for (int i = 0; i < repeats; ++i) {
    const double start = now();
    body();
    times.push_back(now() - start);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace singlepath::cpu
