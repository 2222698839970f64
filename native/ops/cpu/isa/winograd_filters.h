#pragma once

// Winograd's transforms of filters and back of their gradients: winograd.cc.

#include "../winograd_kernels.h"
#include "gemm.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// G applied to three values.
SINGLEPATH_INLINE void filter_line(Vec a, Vec b, Vec c, Vec* to, int stride) {
  const Vec half = (a + c) * 0.5f, middle = b * 0.5f;
  to[0] = a;
  to[stride] = half + middle;
  to[2 * stride] = half - middle;
  to[3 * stride] = c;
}

// The group of columns `group` of the b of all positions. values(d, lines) writes the filters of row d to
// lines[tap][column in the group].
template <class Values>
SINGLEPATH_INLINE void pack_group(int group, int depth, int n, float* packed, const Values& values) {
  // The tile of gemm's columns that holds this group.
  int first = 0, tile = 0;
  for (;; first += tile) {
    tile = tile_groups((n - first) / kGroup) * kGroup;
    if (group * kGroup < first + tile) break;
  }
  float* to = packed + static_cast<long>(first) * depth + (group * kGroup - first);
  for (int d = 0; d < depth; ++d, to += tile) {
    alignas(64) float lines[9][kGroup];
    values(d, lines);
    for (int c = 0; c < kGroup; c += kLanes) {
      Vec rows[12], all[kWinogradPositions];
      SINGLEPATH_UNROLL for (int x = 0; x < 3; ++x)
          filter_line(load(lines[x] + c), load(lines[3 + x] + c), load(lines[6 + x] + c), rows + x, 3);
      SINGLEPATH_UNROLL for (int y = 0; y < 4; ++y)
          filter_line(rows[3 * y], rows[3 * y + 1], rows[3 * y + 2], all + 4 * y, 1);
      SINGLEPATH_UNROLL for (int t = 0; t < kWinogradPositions; ++t)
          store(to + t * static_cast<long>(depth) * n + c, all[t]);
    }
  }
}

inline void pack_winograd_by_output(const float* weights, long row_stride, int outputs, int channels,
                                    const float* row_scale, float* packed, long begin, long end) {
  const int depth = static_cast<int>(padded(channels)), n = static_cast<int>(padded(outputs));
  for (long group = begin; group < end; ++group) {
    const int first = static_cast<int>(group) * kGroup;
    pack_group(static_cast<int>(group), depth, n, packed, [&](int d, float (*lines)[kGroup]) {
      const int known = d < channels ? least(kGroup, outputs - first) : 0;
      for (int j = 0; j < kGroup; ++j) {
        const float* filter = weights + (first + j) * row_stride + d * 9L;
        const float scale = row_scale && j < known ? row_scale[first + j] : 1.f;
        for (int tap = 0; tap < 9; ++tap) lines[tap][j] = j < known ? filter[tap] * scale : 0.f;
      }
    });
  }
}

// The filter is turned around.
inline void pack_winograd_by_input(const float* weights, long row_stride, int outputs, int channels,
                                   float* packed, long begin, long end) {
  const int depth = static_cast<int>(padded(outputs)), n = static_cast<int>(padded(channels));
  for (long group = begin; group < end; ++group) {
    const int first = static_cast<int>(group) * kGroup;
    pack_group(static_cast<int>(group), depth, n, packed, [&](int d, float (*lines)[kGroup]) {
      const int known = d < outputs ? least(kGroup, channels - first) : 0;
      const float* filters = weights + d * row_stride + first * 9L;
      for (int j = 0; j < kGroup; ++j)
        for (int tap = 0; tap < 9; ++tap) lines[8 - tap][j] = j < known ? filters[j * 9 + tap] : 0.f;
    });
  }
}

inline void winograd_weight_gradient(const float* parts, int pieces, long size, long gradient_rows,
                                     int channels, float* gradient, long row_stride, long begin, long end) {
  for (long output = begin; output < end; ++output)
    for (int c = 0; c < channels; c += kLanes) {
      Vec u[kWinogradPositions];
      for (int t = 0; t < kWinogradPositions; ++t) {
        const float* from = parts + (t * gradient_rows + output) * padded(channels) + c;
        u[t] = load(from);
        for (int piece = 1; piece < pieces; ++piece) u[t] += load(from + piece * size);
      }
      // G' from both sides.
      Vec rows[12];
      const auto line = [](Vec p, Vec q, Vec r, Vec s, Vec* to, int stride) __attribute__((always_inline)) {
        const Vec sum = (q + r) * 0.5f;
        to[0] = p + sum;
        to[stride] = (q - r) * 0.5f;
        to[2 * stride] = sum + s;
      };
      SINGLEPATH_UNROLL for (int x = 0; x < 4; ++x) line(u[x], u[4 + x], u[8 + x], u[12 + x], rows + x, 4);
      alignas(64) float filters[9][kLanes];
      SINGLEPATH_UNROLL for (int y = 0; y < 3; ++y) {
        Vec taps[3];
        line(rows[4 * y], rows[4 * y + 1], rows[4 * y + 2], rows[4 * y + 3], taps, 1);
        SINGLEPATH_UNROLL for (int x = 0; x < 3; ++x) store(filters[3 * y + x], taps[x]);
      }
      float* to = gradient + output * row_stride + c * 9L;
      for (int j = 0; j < least(kLanes, channels - c); ++j)
        for (int tap = 0; tap < 9; ++tap) *to++ = filters[tap][j];
    }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
