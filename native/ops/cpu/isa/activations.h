#pragma once

// What every activation computes in vectors: its value at the normalized value z, and the gradient g times
// its slope at z. An activation without a specialisation does not compile.

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

template <Activation A>
struct Formula;

template <>
struct Formula<Activation::none> {
  static SINGLEPATH_INLINE Vec value(Vec z) { return z; }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec) { return g; }
};

// z is the second operand of larger() and smaller(), which the instructions return for NaN: a diverged
// network must not look healthy.
template <>
struct Formula<Activation::relu> {
  static SINGLEPATH_INLINE Vec value(Vec z) { return larger(zero(), z); }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec z) { return z > zero() ? g : zero(); }
};

template <>
struct Formula<Activation::relu6> {
  static SINGLEPATH_INLINE Vec value(Vec z) { return smaller(broadcast(6.f), larger(zero(), z)); }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec z) {
    g = z > zero() ? g : zero();
    return z < broadcast(6.f) ? g : zero();
  }
};

template <>
struct Formula<Activation::hswish> {
  static SINGLEPATH_INLINE Vec value(Vec z) {
    return z * smaller(larger(z + 3.f, zero()), broadcast(6.f)) * (1.f / 6.f);
  }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec z) {
    const Vec slope =
        smaller(larger(z, broadcast(-3.f)), broadcast(3.f)) * (1.f / 3.f) + 0.5f;  // right inside [-3, 3]
    g = z < broadcast(-3.f) ? zero() : g;
    return z > broadcast(3.f) ? g : g * slope;
  }
};

template <>
struct Formula<Activation::silu> {
  static SINGLEPATH_INLINE Vec value(Vec z) { return z * logistic(z); }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec z) {
    const Vec s = logistic(z);
    return g * (s * (1.f + z * (1.f - s)));
  }
};

template <>
struct Formula<Activation::sigmoid> {
  static SINGLEPATH_INLINE Vec value(Vec z) { return logistic(z); }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec z) {
    const Vec s = logistic(z);
    return g * (s * (1.f - s));
  }
};

template <>
struct Formula<Activation::hsigmoid> {
  static SINGLEPATH_INLINE Vec value(Vec z) {
    return smaller(broadcast(6.f), larger(zero(), z + 3.f)) * (1.f / 6.f);
  }
  static SINGLEPATH_INLINE Vec backward(Vec g, Vec z) {
    g = z > broadcast(-3.f) ? g * (1.f / 6.f) : zero();
    return z < broadcast(3.f) ? g : zero();
  }
};

template <Activation A>
SINGLEPATH_INLINE Vec activate(Vec z) {
  return Formula<A>::value(z);
}

// g times the slope at z.
template <Activation A>
SINGLEPATH_INLINE Vec activate_backward(Vec g, Vec z) {
  return Formula<A>::backward(g, z);
}

template <Activation A>
struct Act {
  static constexpr Activation value = A;
};

// Calls body(Act<A>) for the activation known only at run time, so that loops inside are compiled for each.
template <class Body>
SINGLEPATH_INLINE void with_activation(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::none:
      return body(Act<Activation::none>{});
#define SINGLEPATH_ROW(name, formula) \
  case Activation::name:              \
    return body(Act<Activation::name>{});
      SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
