#pragma once

// What taps.cc and winograd.cc share: rows of values, and the product behind their weight gradients.

#include "gemm.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// n a multiple of kGroup.
SINGLEPATH_INLINE void copy_values(float* to, const float* from, int n) {
  for (int i = 0; i < n; i += kLanes) store(to + i, load(from + i));
}
SINGLEPATH_INLINE void add_values(float* to, const float* from, int n) {
  for (int i = 0; i < n; i += kLanes) store(to + i, load(to + i) + load(from + i));
}

// gemm_tn with both sides packed, for many results and few rows: a in strips of kStrip columns, each
// [rows][kStrip], b as gemm's. Between strips a row is left free. Rows of c beyond m, up to a multiple of
// kStrip, are written too.
constexpr int kStrip = kLanes == kGroup ? 12 : tile_height<kVectorsPerGroup>();

// a[rows][m] into strips; reads and writes up to kGroup values more than there are.
inline void pack_tn(const float* a, long lda, int rows, int m, float* strips) {
  for (int r = 0; r < rows; ++r)
    for (int i = 0; i < m; i += kStrip)
      for (int j = 0; j < kStrip; j += kLanes)  // behind a row: the next one, or the free one
        store(strips + i * (rows + 1L) + r * kStrip + j, load(a + r * lda + i + j));
}

template <int NV>
SINGLEPATH_INLINE void gemm_tn_strip(const float* a, const float* b, float* c, long ldc, int rows, bool add) {
  Vec sum[kStrip][NV];
  SINGLEPATH_UNROLL for (int i = 0; i < kStrip; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
      sum[i][j] = zero();
  for (int r = 0; r < rows; ++r) {
    Vec line[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) line[j] = load(b + j * kLanes);
    SINGLEPATH_UNROLL for (int i = 0; i < kStrip; ++i) {
      const Vec value = broadcast(a[i]);
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
inline void gemm_tn_packed(const float* strips, const float* packed, float* c, long ldc, int rows, int m,
                           int n, bool add) {
  for (int column = 0; column < n;) {
    const int groups = tile_groups((n - column) / kGroup);
    const float* b = packed + static_cast<long>(column) * rows;
    for (int i = 0; i < m; i += kStrip) {
      const float* a = strips + i * (rows + 1L);
      float* to = c + i * ldc + column;
      if (kLanes == kGroup && groups == 2)
        gemm_tn_strip<2 * kVectorsPerGroup>(a, b, to, ldc, rows, add);
      else
        gemm_tn_strip<kVectorsPerGroup>(a, b, to, ldc, rows, add);
    }
    column += groups * kGroup;
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
