#pragma once

// Vectors of the instruction set this file is compiled for. Every file in isa/ is compiled once per
// instruction set (see ../CMakeLists.txt) inside its own namespace; only macros below know which one it is.
// Nothing here may use the standard library: an inline std:: function compiled with AVX-512 could be the copy
// the linker keeps for everybody.

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include "../kernels.h"

#ifndef SINGLEPATH_ISA
#error "compile with -DSINGLEPATH_ISA=<name of the instruction set>"
#endif

#define SINGLEPATH_UNROLL _Pragma("GCC unroll 64")

namespace singlepath::cpu::SINGLEPATH_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kLanes = 8, kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kLanes = 4, kRegisters = 32;
#else
constexpr int kLanes = 4, kRegisters = 16;
#endif

// Channels come in groups of kGroup (kernels.h); a group is one or several vectors.
constexpr int kVectorsPerGroup = kGroup / kLanes;

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(kLanes * 4)));
typedef uint16_t Halves __attribute__((vector_size(kLanes * 2)));

// The same vectors at any address.
typedef float VecAt __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef uint16_t HalvesAt __attribute__((vector_size(kLanes * 2), aligned(2), may_alias));

SINGLEPATH_INLINE Vec zero() {
  return Vec{};
}
// Intrinsics, because only these become a broadcast straight from memory, which leaves the multiply-add ports
// alone.
SINGLEPATH_INLINE Vec broadcast(float x) {
#if defined(__AVX512F__)
  return _mm512_set1_ps(x);
#elif defined(__AVX2__)
  return _mm256_set1_ps(x);
#else
  return Vec{x, x, x, x};
#endif
}

SINGLEPATH_INLINE Vec load(const float* p) {
  return *reinterpret_cast<const VecAt*>(p);
}
SINGLEPATH_INLINE void store(float* p, Vec v) {
  *reinterpret_cast<VecAt*>(p) = v;
}

// bf16 is the upper half of a float.
SINGLEPATH_INLINE Vec widen(Halves h) {
  return reinterpret_cast<Vec>(__builtin_convertvector(h, Bits) << 16);
}

// Round to nearest even.
SINGLEPATH_INLINE Halves narrow(Vec v) {
#if defined(__AVX512BF16__)
  return reinterpret_cast<Halves>(_mm512_cvtneps_pbh(v));
#else
  const Bits bits = reinterpret_cast<Bits>(v);
  return __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, Halves);
#endif
}

SINGLEPATH_INLINE Vec load(const bf16* p) {
  return widen(*reinterpret_cast<const HalvesAt*>(p));
}
SINGLEPATH_INLINE void store(bf16* p, Vec v) {
  *reinterpret_cast<HalvesAt*>(p) = narrow(v);
}

// Vectors as they are stored.
SINGLEPATH_INLINE Vec load_stored(const float* p) {
  return load(p);
}
SINGLEPATH_INLINE Halves load_stored(const bf16* p) {
  return *reinterpret_cast<const HalvesAt*>(p);
}
SINGLEPATH_INLINE void store_stored(float* p, Vec v) {
  store(p, v);
}
SINGLEPATH_INLINE void store_stored(bf16* p, Halves h) {
  *reinterpret_cast<HalvesAt*>(p) = h;
}
SINGLEPATH_INLINE Vec as_stored(const float*, Vec v) {
  return v;
}
SINGLEPATH_INLINE Halves as_stored(const bf16*, Vec v) {
  return narrow(v);
}
SINGLEPATH_INLINE Vec from_stored(Vec v) {
  return v;
}
SINGLEPATH_INLINE Vec from_stored(Halves h) {
  return widen(h);
}

SINGLEPATH_INLINE float to_float(float x) {
  return x;
}
SINGLEPATH_INLINE float to_float(bf16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}
SINGLEPATH_INLINE void from_float(float* p, float x) {
  *p = x;
}
SINGLEPATH_INLINE void from_float(bf16* p, float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  p->bits = static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// ---- what matrix products multiply: floats, or pairs of bf16 where the CPU sums both products of a pair in
// one instruction at full rate (SINGLEPATH_PAIRS; see ../dispatch.cc) ----

SINGLEPATH_INLINE void multiply_add(Vec& sum, Vec a, Vec b) {
  sum += a * b;
}

// Two values that follow each other along the summed dimension, the first in the lower half.
struct Pair {
  uint32_t bits;
};

// The element of panels that hold values stored as T.
template <class T>
struct PanelOf {
  using Element = float;
};

#if defined(SINGLEPATH_PAIRS)
template <>
struct PanelOf<bf16> {
  using Element = Pair;
};
typedef Bits BitsAt __attribute__((aligned(4), may_alias));
SINGLEPATH_INLINE Bits load(const Pair* p) {
  return *reinterpret_cast<const BitsAt*>(p);
}
SINGLEPATH_INLINE Bits broadcast(Pair x) {
  return reinterpret_cast<Bits>(_mm512_set1_epi32(static_cast<int>(x.bits)));
}
// Pair i = (first[i], second[i]).
SINGLEPATH_INLINE void store_pairs(Pair* p, Vec first, Vec second) {
  typedef uint16_t Wide __attribute__((vector_size(64)));
  const Wide both = reinterpret_cast<Wide>(_mm512_cvtne2ps_pbh(second, first));
  *reinterpret_cast<BitsAt*>(p) = reinterpret_cast<Bits>(
      __builtin_shufflevector(both, both, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9,
                              25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
}
SINGLEPATH_INLINE void multiply_add(Vec& sum, Bits a, Bits b) {
  sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}
#endif

// Steps of the summed dimension in one element.
template <class E>
constexpr int kDepth = 1;
template <>
constexpr int kDepth<Pair> = 2;
template <>
constexpr int kDepth<const Pair> = 2;

// The first n lanes from memory, the others zero; nothing behind p + n is touched.
template <class T>
SINGLEPATH_INLINE Vec load_first(const T* p, int n) {
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (sizeof(T) == 4)
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
  else
    return widen(
        reinterpret_cast<Halves>(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << n) - 1), p)));
#else
  alignas(64) float lanes[kLanes] = {};
  for (int i = 0; i < n; ++i) lanes[i] = to_float(p[i]);
  return load(lanes);
#endif
}
template <class T>
SINGLEPATH_INLINE void store_first(T* p, Vec v, int n) {
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
  else
    _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1u << n) - 1), reinterpret_cast<__m256i>(narrow(v)));
#else
  alignas(64) float lanes[kLanes];
  store(lanes, v);
  for (int i = 0; i < n; ++i) from_float(p + i, lanes[i]);
#endif
}

// p[0], p[2], p[4], … as they are stored: reads up to the last lane and nothing behind it, so the second half
// is loaded one element early.
template <class T>
SINGLEPATH_INLINE auto load_every_second(const T* p) {
  const auto low = load_stored(p), high = load_stored(p + kLanes - 1);
#if defined(__AVX512F__)
  return __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
#elif defined(__AVX2__)
  return __builtin_shufflevector(low, high, 0, 2, 4, 6, 9, 11, 13, 15);
#else
  return __builtin_shufflevector(low, high, 0, 2, 5, 7);
#endif
}

// p[2i] = even[i], p[2i + 1] = odd[i].
template <class T, class V>
SINGLEPATH_INLINE void store_interleaved(T* p, V even, V odd) {
#if defined(__AVX512F__)
  store_stored(p, __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  store_stored(p + 16, __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14,
                                               30, 15, 31));
#elif defined(__AVX2__)
  store_stored(p, __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
  store_stored(p + 8, __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15));
#else
  store_stored(p, __builtin_shufflevector(even, odd, 0, 4, 1, 5));
  store_stored(p + 4, __builtin_shufflevector(even, odd, 2, 6, 3, 7));
#endif
}

SINGLEPATH_INLINE Vec larger(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_max_ps(a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}
SINGLEPATH_INLINE Vec smaller(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_min_ps(a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#else
  return a < b ? a : b;
#endif
}

// e^x, wrong by at most 2 units in the last place; beyond +-86 as at 86, NaN for NaN. Cephes' polynomial on
// [-ln 2 / 2, ln 2 / 2] times 2^n.
SINGLEPATH_INLINE Vec exponential(Vec x) {
  x = smaller(broadcast(86.f), larger(broadcast(-86.f), x));
  const Vec shifter = broadcast(12582912.f);  // 1.5 * 2^23: adding it rounds to an integer in the lowest bits
  const Vec shifted = x * 1.44269504f + shifter;
  const Vec n = shifted - shifter;
  const Vec r = x - n * 0.693359375f + n * 2.12194440e-4f;  // ln 2 in two parts
  Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.f;
  return reinterpret_cast<Vec>(reinterpret_cast<Bits>(p) + (reinterpret_cast<Bits>(shifted) << 23));
}

SINGLEPATH_INLINE Vec logistic(Vec z) {
  return 1.f / (1.f + exponential(-z));
}

template <class Int>
SINGLEPATH_INLINE Int least(Int a, Int b) {
  return a < b ? a : b;
}
template <class Int>
SINGLEPATH_INLINE Int most(Int a, Int b) {
  return a > b ? a : b;
}

SINGLEPATH_INLINE void clear(float* p, long n) {
  __builtin_memset(p, 0, static_cast<size_t>(n) * sizeof(float));
}

// A number as a type.
template <int N>
struct Int {
  static constexpr int value = N;
};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
