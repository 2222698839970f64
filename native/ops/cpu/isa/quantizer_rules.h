#pragma once

// Quantizers in registers: what libtorch computes for ops/quantize.cc, NaN and ties included, so that levels,
// and without fused multiply-adds results too, are the same bits.

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// To the nearest integer, ties to even; the sign stays, also of zeros.
SINGLEPATH_INLINE Vec nearest(Vec v) {
#if defined(__AVX512F__)
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  // Levels are far below 2^22: adding 1.5 * 2^23 leaves an integer.
  const Vec rounded = (v + 12582912.f) - 12582912.f;
  return reinterpret_cast<Vec>(reinterpret_cast<Bits>(rounded) | (reinterpret_cast<Bits>(v) & 0x80000000u));
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
  Vec scale, low, high, unit, inverse;
  bool through;

  explicit SINGLEPATH_INLINE Rule(const Quantizer& q)
      : scale(broadcast(q.scale)),
        low(broadcast(R == Rounding::lsq_sign ? -1.f : q.low)),
        high(broadcast(R == Rounding::lsq_sign ? 1.f : q.high)),
        unit(R == Rounding::pact ? scale / high : zero()),
        inverse(1.f / (R == Rounding::pact ? unit : scale)),
        through(q.through) {}

  SINGLEPATH_INLINE Vec passed(Vec x, Vec level) const { return through ? x + (level - x) : level; }

  // Of x / scale, for LSQ: the level in units of the scale.
  SINGLEPATH_INLINE Vec level(Vec ratio) const {
    const Vec inside = cut(ratio, low, high);
    return passed(inside, R == Rounding::lsq_sign ? sign(inside) : nearest(inside));
  }

  // The integer that stands for value(x) without `through`; PACT's and LSQ's.
  SINGLEPATH_INLINE Vec integer(Vec x) const {
    const Vec by = R == Rounding::pact ? unit : scale;
    const Vec cut_x = R == Rounding::pact ? bounded(x) : x;
#if defined(__AVX512F__)
    // A division takes as long as all else. It is left to those that are so near an edge between two levels
    // that the product with the rounded inverse, off by 2^-22 of it at most, could decide otherwise.
    const Vec ratio = R == Rounding::pact ? cut_x * inverse : cut(cut_x * inverse, low, high);
    const Vec rounded = nearest(ratio);
    const Vec from_edge = _mm512_abs_ps(_mm512_abs_ps(ratio - rounded) - 0.5f);
    if (__builtin_expect(_mm512_cmp_ps_mask(from_edge, high * 5e-7f, _CMP_NGE_UQ) == 0, 1)) return rounded;
#endif
    return R == Rounding::pact ? nearest(cut_x / by) : nearest(cut(cut_x / by, low, high));
  }

  SINGLEPATH_INLINE Vec bounded(Vec x) const { return x >= scale ? scale : larger(zero(), x); }

  SINGLEPATH_INLINE Vec value(Vec x) const {
    if constexpr (kPact) {
      if (R == Rounding::bound) return bounded(x);
      return passed(bounded(x), integer(x) * unit);
    } else if constexpr (kLsq) {
      if (R == Rounding::lsq && !through) return integer(x) * scale;
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

SINGLEPATH_INLINE double total(Vec v) {
  alignas(64) float lanes[kLanes];
  store(lanes, v);
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lanes[i];
  return sum;
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
