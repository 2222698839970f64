#pragma once

// Two matrix products on panels that lie in cache.
//
//   gemm     c[rows][n]  = a[rows][k] * b[k][n]        b packed, see below
//   gemm_tn  c[m][n]    += a[rows][m]^T * b[rows][n]   both as they are (weight gradients)
//
// Both are built on a register tile of MR x NV vectors of results, held while the inner loop walks the summed
// dimension: one row of NV vectors of b is loaded, then each of MR values of a is broadcast onto it. b is
// packed so that the tile reads it in order: column tiles one after the other, each [k][tile columns].

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Vectors in the next column tile when `groups` channel groups are left.
SINGLEPATH_INLINE int tile_groups(int groups) {
  if (kLanes != kGroup) return 1;
  return groups == 4 ? 2 : groups < 3 ? groups : 3;
}

// Height of a tile of NV vectors: as many results as leave registers for the row of b and one value of a.
template <int NV>
constexpr int tile_height() {
  if (kRegisters == 32) return NV == 1 ? 12 : NV == 2 ? 12 : NV == 3 ? 8 : 6;
  return NV == 2 ? 6 : 3;
}

template <int MR, int NV>
SINGLEPATH_INLINE void gemm_tile(const float* a, long lda, const float* b, float* c, long ldc, int k) {
  Vec sum[MR][NV];
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] =
      zero();
  // One pointer for three rows: x86 addresses pointer, pointer + lda and pointer + 2 * lda without another
  // register.
  const float* row[(MR + 2) / 3];
  SINGLEPATH_UNROLL for (int i = 0; i < (MR + 2) / 3; ++i) row[i] = a + 3 * i * lda;
  for (int p = 0; p < k; ++p) {
    Vec line[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) line[j] = load(b + j * kLanes);
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) {
      const Vec value = broadcast(row[i / 3][(i % 3) * lda]);
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] += value * line[j];
    }
    b += NV * kLanes;
    SINGLEPATH_UNROLL for (int i = 0; i < (MR + 2) / 3; ++i)++ row[i];
  }
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
      store(c + i * ldc + j * kLanes, sum[i][j]);
}

template <int NV>
void gemm_columns(const float* a, long lda, const float* b, float* c, long ldc, int rows, int k) {
  constexpr int MR = tile_height<NV>();
  for (int r = 0; r < rows; r += MR) gemm_tile<MR, NV>(a + r * lda, lda, b, c + r * ldc, ldc, k);
}

// Works on whole tiles of rows: a and c must have room for `rows` rounded up to kPanelStep.
inline void gemm(const float* a, long lda, const float* packed, float* c, long ldc, int rows, int k, int n) {
  for (int column = 0; column < n;) {
    const int groups = tile_groups((n - column) / kGroup);
    const float* b = packed + static_cast<long>(column) * k;
    if constexpr (kLanes == kGroup) {
      if (groups == 3)
        gemm_columns<3>(a, lda, b, c + column, ldc, rows, k);
      else if (groups == 2)
        gemm_columns<2>(a, lda, b, c + column, ldc, rows, k);
      else
        gemm_columns<1>(a, lda, b, c + column, ldc, rows, k);
    } else {
      gemm_columns<kVectorsPerGroup>(a, lda, b, c + column, ldc, rows, k);
    }
    column += groups * kGroup;
  }
}

// b = W^T: row = depth, column = output.
inline void pack_by_output(const float* weights, long row_stride, int outputs, int channels, int taps,
                           const float* row_scale, float* packed) {
  const int depth = channels * taps, n = static_cast<int>(padded(outputs));
  for (int start = 0; start < n;) {
    const int width = tile_groups((n - start) / kGroup) * kGroup;
    float* tile = packed + static_cast<long>(start) * depth;
    // Depth outside, outputs inside: the tile is written in order, and the rows read stay in cache.
    for (int tap = 0; tap < taps; ++tap)
      for (int channel = 0; channel < channels; ++channel, tile += width)
        for (int j = 0; j < width; ++j) {
          const int output = start + j;
          const float scale = output < outputs && row_scale ? row_scale[output] : 1.f;
          tile[j] = output < outputs ? weights[output * row_stride + channel * taps + tap] * scale : 0.f;
        }
    start += width;
  }
}

// b = W: row = output, column = depth.
inline void pack_by_input(const float* weights, long row_stride, int outputs, int channels, int taps,
                          float* packed) {
  const int depth = channels * taps, n = static_cast<int>(padded(depth)),
            k = static_cast<int>(padded(outputs));
  for (int start = 0; start < n;) {
    const int width = tile_groups((n - start) / kGroup) * kGroup;
    float* tile = packed + static_cast<long>(start) * k;
    for (int output = 0; output < k; ++output) {
      float* line = tile + static_cast<long>(output) * width;
      const float* row = weights + output * row_stride;
      if (taps == 1 && output < outputs && start + width <= depth) {
        for (int j = 0; j < width; j += kLanes) store(line + j, load(row + start + j));
        continue;
      }
      for (int j = 0; j < width; ++j) {
        const int d = start + j;
        line[j] = output < outputs && d < depth ? row[(d % channels) * taps + d / channels] : 0.f;
      }
    }
    start += width;
  }
}

template <int MR, int NV>
SINGLEPATH_INLINE void gemm_tn_tile(const float* a, long lda, const float* b, long ldb, float* c, long ldc,
                                    int rows) {
  Vec sum[MR][NV];
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] =
      load(c + i * ldc + j * kLanes);
  for (int r = 0; r < rows; ++r) {
    Vec line[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) line[j] = load(b + j * kLanes);
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) {
      const Vec value = broadcast(a[i]);
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] += value * line[j];
    }
    a += lda;
    b += ldb;
  }
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
      store(c + i * ldc + j * kLanes, sum[i][j]);
}

// Like gemm_columns; the height must divide a group, as m is only a multiple of that.
template <int NV>
void gemm_tn_columns(const float* a, long lda, const float* b, long ldb, float* c, long ldc, int rows,
                     int m) {
  constexpr int MR = kRegisters == 16 ? (NV == 2 ? 4 : 2) : NV == 1 ? 16 : 8;
  for (int i = 0; i < m; i += MR) gemm_tn_tile<MR, NV>(a + i, lda, b, ldb, c + i * ldc, ldc, rows);
}

inline void gemm_tn(const float* a, long lda, const float* b, long ldb, float* c, long ldc, int rows, int m,
                    int n) {
  for (int column = 0; column < n;) {
    const int groups = tile_groups((n - column) / kGroup);
    if constexpr (kLanes == kGroup) {
      if (groups == 3)
        gemm_tn_columns<3>(a, lda, b + column, ldb, c + column, ldc, rows, m);
      else if (groups == 2)
        gemm_tn_columns<2>(a, lda, b + column, ldb, c + column, ldc, rows, m);
      else
        gemm_tn_columns<1>(a, lda, b + column, ldb, c + column, ldc, rows, m);
    } else {
      gemm_tn_columns<kVectorsPerGroup>(a, lda, b + column, ldb, c + column, ldc, rows, m);
    }
    column += groups * kGroup;
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
