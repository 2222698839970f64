#pragma once

// What taps.cc and winograd.cc share: rows of values, and the product behind their weight gradients.

#include "gemm.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// n a multiple of kGroup.
SINGLEPATH_INLINE void add_values(float* to, const float* from, int n) {
  for (int i = 0; i < n; i += kLanes) store(to + i, load(to + i) + load(from + i));
}

// Rows as gemm's a has them: n values side by side, n a multiple of kGroup, two to a Pair.
template <class E>
SINGLEPATH_INLINE E* row_of(E* rows, long row, long n, long column = 0) {
  return rows + (row * n + column) / kDepth<E>;
}
template <class E>
SINGLEPATH_INLINE void copy_row(E* to, const E* from, int n) {
  constexpr int kStep = kGroup / kDepth<E>;
  for (int i = 0; i < n / kDepth<E>; i += kStep) __builtin_memcpy(to + i, from + i, kStep * sizeof(E));
}
template <class E>
SINGLEPATH_INLINE void clear_row(E* row, int n) {
  __builtin_memset(row, 0, n / kDepth<E> * sizeof(E));
}

// kLanes columns as gemm_tn has them, from a value of each of two such rows: with floats those of the first.
SINGLEPATH_INLINE void store_columns(float* to, const float* first, const float*) {
  store(to, load(first));
}
#if defined(SINGLEPATH_PAIRS)
SINGLEPATH_INLINE void store_columns(Pair* to, const Pair* first, const Pair* second) {
  const auto wide = [](const Pair* from) __attribute__((always_inline)) {
    return reinterpret_cast<Bits>(
        _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
  };
  *reinterpret_cast<BitsAt*>(to) = wide(first) | wide(second) << 16;
}
#endif

// gemm_tn with both sides packed, for many results and few rows: a in strips of kStrip columns, each
// [steps][kStrip], b as gemm's. Between strips a step is left free. Rows of c beyond m, up to a multiple of
// kStrip, are written too.
constexpr int kStrip = kLanes == kGroup ? 12 : tile_height<kVectorsPerGroup>();

template <class E>
SINGLEPATH_INLINE int steps_of(int rows) {
  return (rows + kDepth<E> - 1) / kDepth<E>;
}

// a[rows][m] into strips; reads and writes up to kGroup values more than there are. With Pairs an odd last
// row has one of zeros behind it.
template <class E>
inline void pack_tn(const E* a, long lda, int rows, int m, E* strips) {
  const int steps = steps_of<E>(rows);
  for (int s = 0; s < steps; ++s)
    for (int i = 0; i < m; i += kStrip)
      for (int j = 0; j < kStrip; j += kLanes)  // behind a row: the next one, or the free one
        store_columns(strips + i * (steps + 1L) + s * kStrip + j, row_of(a, s * kDepth<E>, lda, i + j),
                      row_of(a, s * kDepth<E> + 1, lda, i + j));
}

template <int NV, class E>
SINGLEPATH_INLINE void gemm_tn_strip(const E* a, const E* b, float* c, long ldc, int steps, bool add) {
  Vec sum[kStrip][NV];
  SINGLEPATH_UNROLL for (int i = 0; i < kStrip; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
      sum[i][j] = zero();
  for (int s = 0; s < steps; ++s) {
    decltype(load(b)) line[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) line[j] = load(b + j * kLanes);
    SINGLEPATH_UNROLL for (int i = 0; i < kStrip; ++i) {
      const auto value = broadcast(a[i]);
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) multiply_add(sum[i][j], value, line[j]);
    }
    a += kStrip;
    b += NV * kLanes;
  }
  SINGLEPATH_UNROLL for (int i = 0; i < kStrip; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) {
    float* to = c + i * ldc + j * kLanes;
    store(to, add ? load(to) + sum[i][j] : sum[i][j]);
  }
}

// n one or two groups; c is added to with `add`, else overwritten.
template <class E>
inline void gemm_tn_packed(const E* strips, const E* packed, float* c, long ldc, int rows, int m, int n,
                           bool add) {
  const int steps = steps_of<E>(rows);
  for (int column = 0; column < n;) {
    const int groups = tile_groups((n - column) / kGroup);
    const E* b = packed + static_cast<long>(column) * steps;
    for (int i = 0; i < m; i += kStrip) {
      const E* a = strips + i * (steps + 1L);
      float* to = c + i * ldc + column;
      if (kLanes == kGroup && groups == 2)
        gemm_tn_strip<2 * kVectorsPerGroup>(a, b, to, ldc, steps, add);
      else
        gemm_tn_strip<kVectorsPerGroup>(a, b, to, ldc, steps, add);
    }
    column += groups * kGroup;
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
