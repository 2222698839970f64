#pragma once

// Two matrix products on panels that lie in cache.
//
//   gemm     c[rows][n]  = a[rows][k] * b[k][n]        b packed, see below
//   gemm_tn  c[m][n]    += a[rows][m]^T * b[rows][n]   both as they are (weight gradients)
//
// Elements of a and b are floats or Pairs (simd.h), which hold two steps of the summed dimension: k of gemm
// and rows of gemm_tn count elements. Results are floats.
//
// Both are built on a register tile of MR x NV vectors of results, held while the inner loop walks the summed
// dimension: one row of NV vectors of b is loaded, then each of MR values of a is broadcast onto it. b is
// packed so that the tile reads it in order: column tiles one after the other, each [k][tile columns].

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Vectors in the next column tile when `groups` channel groups are left; columns of the widest.
constexpr int kWidestTile = 3 * kGroup;
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

template <int MR, int NV, class E>
SINGLEPATH_INLINE void gemm_tile(const E* a, long lda, const E* b, float* c, long ldc, int k) {
  Vec sum[MR][NV];
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] =
      zero();
  // One pointer for three rows: x86 addresses pointer, pointer + lda and pointer + 2 * lda without another
  // register.
  const E* row[(MR + 2) / 3];
  SINGLEPATH_UNROLL for (int i = 0; i < (MR + 2) / 3; ++i) row[i] = a + 3 * i * lda;
  for (int p = 0; p < k; ++p) {
    decltype(load(b)) line[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) line[j] = load(b + j * kLanes);
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) {
      const auto value = broadcast(row[i / 3][(i % 3) * lda]);
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) multiply_add(sum[i][j], value, line[j]);
    }
    b += NV * kLanes;
    SINGLEPATH_UNROLL for (int i = 0; i < (MR + 2) / 3; ++i)++ row[i];
  }
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
      store(c + i * ldc + j * kLanes, sum[i][j]);
}

// Calls tile(column, b, vectors) for each column tile of n columns, with its part of the packed b.
template <class E, class Tile>
SINGLEPATH_INLINE void each_column_tile(const E* packed, int k, int n, const Tile& tile) {
  for (int column = 0; column < n;) {
    const int groups = tile_groups((n - column) / kGroup);
    const E* b = packed + static_cast<long>(column) * k;
    if constexpr (kLanes == kGroup) {
      if (groups == 3)
        tile(column, b, Int<3>{});
      else if (groups == 2)
        tile(column, b, Int<2>{});
      else
        tile(column, b, Int<1>{});
    } else {
      tile(column, b, Int<kVectorsPerGroup>{});
    }
    column += groups * kGroup;
  }
}

template <int NV, class E>
void gemm_columns(const E* a, long lda, const E* b, float* c, long ldc, int rows, int k) {
  constexpr int MR = tile_height<NV>();
  for (int r = 0; r < rows; r += MR) gemm_tile<MR, NV>(a + r * lda, lda, b, c + r * ldc, ldc, k);
}

// Works on whole tiles of rows: a and c must have room for `rows` rounded up to kPanelStep.
template <class E>
void gemm(const E* a, long lda, const E* packed, float* c, long ldc, int rows, int k, int n) {
  each_column_tile(packed, k, n, [&](int column, const E* b, auto vectors) __attribute__((always_inline)) {
    gemm_columns<decltype(vectors)::value>(a, lda, b, c + column, ldc, rows, k);
  });
}

template <int NV, class E, class Fetch, class Take>
void gemm_column_tiles(const E* a, long lda, const E* b, int column, int rows, int k, const Fetch& fetch,
                       const Take& take) {
  constexpr int MR = tile_height<NV>(), kWidth = NV * kLanes;
  alignas(64) float tile[MR * kWidth];
  for (int r = 0; r < rows; r += MR) {
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < kWidth; j += kGroup)
        fetch(r + i, column + j);
    gemm_tile<MR, NV>(a + r * lda, lda, b, tile, kWidth, k);
    take(r, least(MR, rows - r), column, kWidth, tile);
  }
}

// The same, tile by tile: take(row, rows, column, width, tile) gets each tile of results, [rows][width],
// while it is in L1. Before a tile multiplies, fetch(row, column) is called for each channel group of its
// results: whoever takes them on to memory can prefetch there, while the memory would be idle.
template <class E, class Fetch, class Take>
void gemm_tiles(const E* a, long lda, const E* packed, int rows, int k, int n, const Fetch& fetch,
                const Take& take) {
  each_column_tile(packed, k, n, [&](int column, const E* b, auto vectors) __attribute__((always_inline)) {
    gemm_column_tiles<decltype(vectors)::value>(a, lda, b, column, rows, k, fetch, take);
  });
}

// One step of the b of gemm: fill(i, to) writes `width` values of the i-th row that the step holds.
template <class E, class Fill>
SINGLEPATH_INLINE void pack_step(E* line, int width, const Fill& fill) {
  if constexpr (kDepth<E> == 1) {
    fill(0, line);
  } else {
    alignas(64) float halves[2][kWidestTile];
    for (int half = 0; half < 2; ++half) fill(half, halves[half]);
    for (int c = 0; c < width; c += kLanes) store_pairs(line + c, load(halves[0] + c), load(halves[1] + c));
  }
}

// Packs the b of gemm, `depth` rows of n columns, n a multiple of kGroup. row(d, first, count, to) writes
// b[d][first + j] to to[j] for all j < count.
template <class E, class Row>
SINGLEPATH_INLINE void pack(int depth, int n, E* packed, const Row& row) {
  const int steps = (depth + kDepth<E> - 1) / kDepth<E>;
  for (int first = 0; first < n;) {
    const int width = tile_groups((n - first) / kGroup) * kGroup;
    E* line = packed + static_cast<long>(first) * steps;
    for (int step = 0; step < steps; ++step, line += width)
      pack_step(line, width, [&](int i, float* to) __attribute__((always_inline)) {
        const int d = step * kDepth<E> + i;
        if (d < depth)
          row(d, first, width, to);
        else
          clear(to, width);
      });
    first += width;
  }
}

// b = W^T: row = depth, column = output.
template <class E>
void pack_by_output(const float* weights, long row_stride, int outputs, int channels, int taps,
                    const float* row_scale, void* packed) {
  const auto row = [&](int d, int first, int count, float* to) __attribute__((always_inline)) {
    const float* column = weights + first * row_stride + (d % channels) * taps + d / channels;
    const int known = least(count, outputs - first);
    for (int j = 0; j < known; ++j) to[j] = column[j * row_stride];
    if (row_scale)
      for (int j = 0; j < known; ++j) to[j] *= row_scale[first + j];
    for (int j = known; j < count; ++j) to[j] = 0;
  };
  pack(channels * taps, static_cast<int>(padded(outputs)), static_cast<E*>(packed), row);
}

// b = W: row = output, column = depth.
template <class E>
void pack_by_input(const float* weights, long row_stride, int outputs, int channels, int taps, void* packed) {
  const int depth = channels * taps;
  const auto row = [&](int output, int first, int count, float* to) __attribute__((always_inline)) {
    const float* line = weights + output * row_stride;
    const int known = output < outputs ? least(count, depth - first) : 0;
    if (taps == 1) {
      for (int j = 0; j < known; ++j) to[j] = line[first + j];
    } else {
      for (int j = 0, channel = first % channels, tap = first / channels; j < known; ++j) {
        to[j] = line[channel * taps + tap];
        if (++channel == channels) channel = 0, ++tap;
      }
    }
    for (int j = known; j < count; ++j) to[j] = 0;
  };
  pack(static_cast<int>(padded(outputs)), static_cast<int>(padded(depth)), static_cast<E*>(packed), row);
}

template <int MR, int NV, class E>
SINGLEPATH_INLINE void gemm_tn_tile(const E* a, long lda, const E* b, long ldb, float* c, long ldc,
                                    int rows) {
  Vec sum[MR][NV];
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] =
      load(c + i * ldc + j * kLanes);
  for (int r = 0; r < rows; ++r) {
    decltype(load(b)) line[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) line[j] = load(b + j * kLanes);
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) {
      const auto value = broadcast(a[i]);
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) multiply_add(sum[i][j], value, line[j]);
    }
    a += lda;
    b += ldb;
  }
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
      store(c + i * ldc + j * kLanes, sum[i][j]);
}

// Like gemm_columns, but m is only a multiple of a group: where the height does not divide it, the last tile
// has fewer rows.
template <int NV, class E>
void gemm_tn_columns(const E* a, long lda, const E* b, long ldb, float* c, long ldc, int rows, int m) {
  constexpr int MR = kLanes == kGroup ? (NV == 1 ? 16 : 8) : tile_height<NV>();
  int i = 0;
  for (; i + MR <= m; i += MR) gemm_tn_tile<MR, NV>(a + i, lda, b, ldb, c + i * ldc, ldc, rows);
  if constexpr (kGroup % MR != 0) {
    switch (m - i) {  // multiples of 16 leave 1 or 2 of threes, 2 or 4 of sixes
      case 1:
        return gemm_tn_tile<1, NV>(a + i, lda, b, ldb, c + i * ldc, ldc, rows);
      case 2:
        return gemm_tn_tile<2, NV>(a + i, lda, b, ldb, c + i * ldc, ldc, rows);
      case 4:
        return gemm_tn_tile<4, NV>(a + i, lda, b, ldb, c + i * ldc, ldc, rows);
    }
  }
}

template <class E>
void gemm_tn(const E* a, long lda, const E* b, long ldb, float* c, long ldc, int rows, int m, int n) {
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
