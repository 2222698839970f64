#include "check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace singlepath::cpu::test {
namespace {

std::mt19937 generator(1);

float round_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  std::memcpy(&x, &bits, 4);
  return x;
}

}  // namespace

Tally& tally() {
  static Tally instance;
  return instance;
}

void check(bool ok, const std::string& what) {
  if (ok)
    ++tally().passed;
  else {
    ++tally().failed;
    std::printf("FAILED %s\n", what.c_str());
  }
}

void check_close(const Values& expected, const Values& actual, double tolerance, const std::string& what,
                 double scale) {
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(std::fabs(expected[i] - actual[i]) <= worst)) worst = std::fabs(expected[i] - actual[i]);
    size = std::max(size, std::fabs(expected[i]));
  }
  const double error = worst / std::max({size, scale, 1e-12});
  char number[64];
  std::snprintf(number, sizeof number, ": error %.3g > %.3g", error, tolerance);
  check(expected.size() == actual.size() && error <= tolerance, what + number);
}

void check_near(const Values& expected, const Values& actual, double tolerance, const std::string& what,
                double scale) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (expected[i] - actual[i]) * (expected[i] - actual[i]);
    size += expected[i] * expected[i];
  }
  error = std::sqrt(error) / std::max({std::sqrt(size), scale, 1e-12});
  char number[64];
  std::snprintf(number, sizeof number, ": error %.3g > %.3g", error, tolerance);
  check(expected.size() == actual.size() && error <= tolerance, what + number);
}

double random_value() {
  return std::normal_distribution<double>()(generator);
}

void reseed() {
  generator.seed(42);
}

float Tensor::get(long i) {
  if (storage_ == Storage::float32) {
    float x;
    std::memcpy(&x, data(i), 4);
    return x;
  }
  uint16_t half;
  std::memcpy(&half, data(i), 2);
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

void Tensor::set(long i, float x) {
  if (storage_ == Storage::float32) {
    std::memcpy(data(i), &x, 4);
    return;
  }
  x = round_bf16(x);
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint16_t half = static_cast<uint16_t>(bits >> 16);
  std::memcpy(data(i), &half, 2);
}

Values Tensor::slice(int first, int step, int count) {
  Values values;
  for (long p = 0; p < pixels_; ++p)
    for (int c = 0; c < count; ++c) values.push_back(get(p * channels_ + first + c * step));
  return values;
}

bool Tensor::guards_intact(float fill) {
  for (long i = 0; i < kGuard; ++i)
    if (get(-1 - i) != fill || get(pixels_ * channels_ + i) != fill) return false;
  return true;
}

}  // namespace singlepath::cpu::test
