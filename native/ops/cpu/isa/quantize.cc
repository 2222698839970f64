// Compiled without fused multiply-adds: a product is rounded before it is added to.

#include "quantize.h"

#include "quantizer_rules.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

constexpr uint32_t kMagnitude = 0x7fffffff;

SINGLEPATH_INLINE Vec magnitude(Vec v) {
  return reinterpret_cast<Vec>(reinterpret_cast<Bits>(v) & kMagnitude);
}

// Values added up in floats before they go to a double: short, so that little is lost.
constexpr long kRun = 512;

}  // namespace

template <class T>
void quantize(const Quantizer& quantizer, const void* x_, void* out_, long n) {
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  with_rounding(quantizer.rounding, [&](auto rounding) {
    const Rule<decltype(rounding)::value> rule(quantizer);
    long i = 0;
    for (; i + kLanes <= n; i += kLanes) store(out + i, rule.value(load(x + i)));
    if (i < n)
      store_first(out + i, rule.value(load_first(x + i, static_cast<int>(n - i))), static_cast<int>(n - i));
  });
}

template <class T>
QuantizerSums quantize_backward(const Quantizer& quantizer, const void* x_, const void* gradient_, void* dx_,
                                long n) {
  const T* x = static_cast<const T*>(x_);
  const T* gradient = static_cast<const T*>(gradient_);
  T* dx = static_cast<T*>(dx_);
  QuantizerSums sums = {0, 0};
  with_rounding(quantizer.rounding, [&](auto rounding) {
    const Rule<decltype(rounding)::value> rule(quantizer);
    Bits largest = {};
    for (long begin = 0; begin < n; begin += kRun) {
      const long end = least(n, begin + kRun);
      Vec sum = zero();
      long i = begin;
      for (; i + kLanes <= end; i += kLanes) {
        const Vec v = load(x + i), d = rule.backward(v, load(gradient + i), sum);
        if (decltype(rounding)::value == Rounding::dorefa)
          largest -= reinterpret_cast<Bits>(magnitude(v) == rule.scale);
        if (dx) store(dx + i, d);
      }
      if (i < end) {
        const int rest = static_cast<int>(end - i);
        const Vec v = load_first(x + i, rest), d = rule.backward(v, load_first(gradient + i, rest), sum);
        if (decltype(rounding)::value == Rounding::dorefa)
          largest -= reinterpret_cast<Bits>(magnitude(v) == rule.scale);
        if (dx) store_first(dx + i, d, rest);
      }
      sums.gradient += total(sum);
    }
    for (int lane = 0; lane < kLanes; ++lane) sums.largest += largest[lane];
  });
  return sums;
}

template void quantize<float>(const Quantizer&, const void*, void*, long);
template void quantize<bf16>(const Quantizer&, const void*, void*, long);
template QuantizerSums quantize_backward<float>(const Quantizer&, const void*, const void*, void*, long);
template QuantizerSums quantize_backward<bf16>(const Quantizer&, const void*, const void*, void*, long);

uint32_t largest_magnitude(const float* x, long n) {
  Bits largest = {};
  const auto take = [&](Vec v) __attribute__((always_inline)) {
    const Bits bits = reinterpret_cast<Bits>(magnitude(v));
    largest = bits > largest ? bits : largest;
  };
  long i = 0;
  for (; i + kLanes <= n; i += kLanes) take(load(x + i));
  if (i < n) take(load_first(x + i, static_cast<int>(n - i)));
  uint32_t result = 0;
  for (int lane = 0; lane < kLanes; ++lane) result = most(result, static_cast<uint32_t>(largest[lane]));
  return result;
}

double sum_of_magnitudes(const float* x, long n) {
  double result = 0;
  for (long begin = 0; begin < n; begin += kRun) {
    const long end = least(n, begin + kRun);
    Vec sum = zero();
    long i = begin;
    for (; i + kLanes <= end; i += kLanes) sum += magnitude(load(x + i));
    if (i < end) sum += magnitude(load_first(x + i, static_cast<int>(end - i)));
    result += total(sum);
  }
  return result;
}

void add_to_largest(const Quantizer& quantizer, const float* x, float* dx, long n, float gradient) {
  for (long i = 0; i < n; ++i) {
    const float v = x[i] < 0 ? -x[i] : x[i];
    if (v == quantizer.scale) dx[i] += (x[i] < 0 ? -gradient : gradient) * (1.f - x[i] * x[i]);
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
