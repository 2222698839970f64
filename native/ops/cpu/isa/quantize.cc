// Operation by operation what libtorch computes for ops/quantize.cc, NaN and ties included, so that levels
// and the gradients of features are the same bits.

#include "quantize.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

constexpr uint32_t kMagnitude = 0x7fffffff;

SINGLEPATH_INLINE Vec magnitude(Vec v) {
  return reinterpret_cast<Vec>(reinterpret_cast<Bits>(v) & kMagnitude);
}

// To the nearest integer, ties to even; the sign stays, also of zeros.
SINGLEPATH_INLINE Vec nearest(Vec v) {
#if defined(__AVX512F__)
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  // Levels are far below 2^22: adding 1.5 * 2^23 leaves an integer.
  const Vec rounded = (v + 12582912.f) - 12582912.f;
  return reinterpret_cast<Vec>(reinterpret_cast<Bits>(rounded) | (reinterpret_cast<Bits>(v) & ~kMagnitude));
#endif
}

SINGLEPATH_INLINE Vec sign(Vec v) {
  return v >= zero() ? broadcast(1.f) : broadcast(-1.f);
}

// The bound is the second operand where x is NaN: it stays.
SINGLEPATH_INLINE Vec cut(Vec v, Vec low, Vec high) {
  return smaller(high, larger(low, v));
}

// A quantizer in registers.
template <Rounding R>
struct Rule {
  static constexpr bool kPact = R == Rounding::bound || R == Rounding::pact;
  static constexpr bool kLsq = R == Rounding::lsq || R == Rounding::lsq_sign;
  Vec scale, low, high, unit;
  bool through;

  explicit SINGLEPATH_INLINE Rule(const Quantizer& q)
      : scale(broadcast(q.scale)),
        low(broadcast(R == Rounding::lsq_sign ? -1.f : q.low)),
        high(broadcast(R == Rounding::lsq_sign ? 1.f : q.high)),
        unit(R == Rounding::pact ? scale / high : zero()),
        through(q.through) {}

  SINGLEPATH_INLINE Vec passed(Vec x, Vec level) const { return through ? x + (level - x) : level; }

  // Of x / scale, for LSQ: the level in units of the scale.
  SINGLEPATH_INLINE Vec level(Vec ratio) const {
    const Vec inside = cut(ratio, low, high);
    return passed(inside, R == Rounding::lsq_sign ? sign(inside) : nearest(inside));
  }

  SINGLEPATH_INLINE Vec value(Vec x) const {
    if constexpr (kPact) {
      const Vec bounded = x >= scale ? scale : larger(zero(), x);
      if (R == Rounding::bound) return bounded;
      return passed(bounded, nearest(bounded / unit) * unit);
    } else if constexpr (kLsq) {
      return level(x / scale) * scale;
    } else if constexpr (R == Rounding::dorefa) {
      const Vec steps = (x / scale * 0.5f + 0.5f) * high;
      return passed(steps, nearest(steps)) / high * 2.f - 1.f;
    } else {
      return passed(x, sign(x) * scale);
    }
  }

  // The gradient of x for that of value(x); adds this x's part of the gradient of the scale to `sum`.
  SINGLEPATH_INLINE Vec backward(Vec x, Vec g, Vec& sum) const {
    if constexpr (kPact) {
      sum += x >= scale ? g : zero();
      const Vec inside = larger(zero(), x) <= zero() ? zero() : g;
      return x >= scale ? zero() : inside;
    } else if constexpr (kLsq) {
      const Vec ratio = x / scale, scaled = g * scale;
      const Vec above = ratio >= low ? scaled : zero();
      const Vec inside = ratio <= high ? above : zero();
      sum += g * level(ratio) - inside * (ratio / scale);
      return inside / scale;
    } else if constexpr (R == Rounding::dorefa) {
      const Vec steps = g * 2.f / high * high * 0.5f;
      sum += steps * x;
      return steps / scale * (1.f - x * x);
    } else {
      return g;
    }
  }
};

template <Rounding R>
struct Of {
  static constexpr Rounding value = R;
};

template <class Body>
SINGLEPATH_INLINE void with_rounding(Rounding rounding, const Body& body) {
  switch (rounding) {
    case Rounding::bound:
      return body(Of<Rounding::bound>{});
    case Rounding::pact:
      return body(Of<Rounding::pact>{});
    case Rounding::lsq:
      return body(Of<Rounding::lsq>{});
    case Rounding::lsq_sign:
      return body(Of<Rounding::lsq_sign>{});
    case Rounding::dorefa:
      return body(Of<Rounding::dorefa>{});
    case Rounding::dorefa_sign:
      return body(Of<Rounding::dorefa_sign>{});
  }
}

// Values added up in floats before they go to a double: short, so that little is lost.
constexpr long kRun = 512;

SINGLEPATH_INLINE double total(Vec v) {
  alignas(64) float lanes[kLanes];
  store(lanes, v);
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lanes[i];
  return sum;
}

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
