// Checks that count, and tensors with guards around them.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "../types.h"
#include "reference.h"

namespace singlepath::cpu::test {

// Of all checks so far.
struct Tally {
  int passed = 0, failed = 0;
};
Tally& tally();

void check(bool ok, const std::string& what);

// Error relative to the largest expected value, or to `scale` where that is larger.
void check_close(const Values& expected, const Values& actual, double tolerance, const std::string& what,
                 double scale = 0);

// Root mean square error, for bf16: single values may sit on the other side of a relu.
void check_near(const Values& expected, const Values& actual, double tolerance, const std::string& what,
                double scale = 0);

// Normally distributed; the same values again after reseed().
double random_value();
void reseed();

// A tensor of the tested storage, [pixel][channels], surrounded by guard values that nobody may touch.
class Tensor {
 public:
  static constexpr int kGuard = 64;
  Tensor(Storage storage, long pixels, int channels, float fill = 7.f)
      : storage_(storage),
        pixels_(pixels),
        channels_(channels),
        memory_((pixels * channels + 2 * kGuard) * storage_bytes(storage)) {
    for (long i = -kGuard; i < pixels * channels + kGuard; ++i) set(i, fill);
  }
  char* data(long element = 0) { return memory_.data() + (kGuard + element) * storage_bytes(storage_); }
  float get(long i);
  void set(long i, float x);
  // Channels first, first + step, … of all pixels.
  Values slice(int first, int step, int count);
  bool guards_intact(float fill = 7.f);

 private:
  Storage storage_;
  long pixels_;
  int channels_;
  std::vector<char> memory_;
};

}  // namespace singlepath::cpu::test
