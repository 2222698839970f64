#pragma once

// Depthwise convolution of one plane, forward and backward: what isa/depthwise.h does with planes in cache.
//
// A plane holds one channel group of one image, fp32:
//   [row][border + column + border][kGroup]        zeros in the borders
// so that a tap is one load at a constant distance. Each kernel below computes one row of one plane in
// register tiles of T columns; the k x T multiply-adds of a kernel row read T + k - 1 values. Rows outside
// the image are skipped by the range of ky. On small maps most taps of a large kernel would fall on the
// border: tiles that span a whole row (Whole) leave those out at compile time.

#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Calls tile(Int<columns>, Int<1>, 0) where one tile of one of these Widths spans the row; else returns
// false.
template <int... Widths, class Tile>
SINGLEPATH_INLINE bool whole_row(int width, const Tile& tile) {
  return ((width == Widths && (tile(Int<Widths>{}, Int<1>{}, 0), true)) || ...);
}

// Cuts `width` columns into tiles and calls tile(Int<columns>, Int<spans the whole row>, first column).
template <class Tile>
SINGLEPATH_INLINE void for_tiles(int width, const Tile& tile) {
  constexpr int kLargest = kRegisters == 32 ? 12 : 8;
  if (whole_row<1, 2, 3, 4, 6, 7, 8>(width, tile)) return;
  for (int x = 0; x < width;) {
    const int left = width - x;
    if (left >= kLargest && left != 16)
      tile(Int<kLargest>{}, Int<0>{}, x), x += kLargest;
    else if (left >= 8)
      tile(Int<8>{}, Int<0>{}, x), x += 8;
    else if (left >= 4)
      tile(Int<4>{}, Int<0>{}, x), x += 4;
    else if (left >= 2)
      tile(Int<2>{}, Int<0>{}, x), x += 2;
    else
      tile(Int<1>{}, Int<0>{}, x), x += 1;
  }
}

struct Plane {
  const float* data;  // row 0, first column of the left border
  int height;
  int pitch;  // columns of a row, borders included
  const float* row(int y) const { return data + static_cast<long>(y) * pitch * kGroup; }
};

// ---- forward: out[x] = sum over ky, kx of plane[y * S + ky - P][x * S + kx - P] * w[ky][kx] ----

template <int K, int S, int T, bool Whole>
SINGLEPATH_INLINE void forward_tile(const float* in, long row_floats, const float* w, int taps, float* out) {
  constexpr int P = K / 2;
  Vec sum[T];
  SINGLEPATH_UNROLL for (int t = 0; t < T; ++t) sum[t] = zero();
  for (int ky = 0; ky < taps; ++ky, in += row_floats, w += K * kGroup) {
    SINGLEPATH_UNROLL for (int i = 0; i < (T - 1) * S + K; ++i) {
      if (Whole && (i < P || i >= P + T * S)) continue;
      const Vec value = load(in + i * kGroup);
      SINGLEPATH_UNROLL for (int kx = 0; kx < K; ++kx) if (i >= kx && (i - kx) % S == 0 && (i - kx) / S < T)
          sum[(i - kx) / S] += value * load(w + kx * kGroup);
    }
  }
  SINGLEPATH_UNROLL for (int t = 0; t < T; ++t) store(out + t * kGroup, sum[t]);
}

template <int K, int S>
void forward_row(const Plane& plane, const float* w, int y, int out_width, float* out) {
  const int top = y * S - K / 2, ky0 = most(0, -top), ky1 = least(K, plane.height - top);
  const float* in = plane.row(top + ky0);
  for_tiles(out_width, [&](auto columns, auto whole, int x) __attribute__((always_inline)) {
    for (int lane = 0; lane < kGroup; lane += kLanes)
      forward_tile<K, S, decltype(columns)::value, decltype(whole)::value>(
          in + x * S * kGroup + lane, static_cast<long>(plane.pitch) * kGroup, w + ky0 * K * kGroup + lane,
          ky1 - ky0, out + x * kGroup + lane);
  });
}

// ---- input gradient: in[x] = sum over ky, q, kx with x = q * S + kx - P of plane[(y + P - ky) / S][q] *
// w[ky][kx] ---- A tile makes S * T columns. plane: output gradients with `border` zero columns.

template <int K, int S, int T, bool Whole>
SINGLEPATH_INLINE void input_gradient_tile(const Plane& plane, int border, const float* w, int y, int q0,
                                           int lane, float* out) {
  constexpr int P = K / 2, Q0 = -(P / S), Q1 = (S * T - 1 + P) / S;
  Vec sum[S * T];
  SINGLEPATH_UNROLL for (int i = 0; i < S * T; ++i) sum[i] = zero();
  for (int ky = (y + P) % S; ky < K; ky += S) {
    const int below = y + P - ky;
    if (below < 0 || below / S >= plane.height) continue;
    const float* row = plane.row(below / S) + (border + q0) * kGroup + lane;
    const float* taps = w + ky * K * kGroup + lane;
    SINGLEPATH_UNROLL for (int q = Q0; q <= Q1; ++q) {
      if (Whole && (q < 0 || q >= T)) continue;
      const Vec value = load(row + q * kGroup);
      SINGLEPATH_UNROLL for (int kx = 0; kx < K; ++kx) {
        const int i = q * S + kx - P;
        if (i >= 0 && i < S * T) sum[i] += value * load(taps + kx * kGroup);
      }
    }
  }
  SINGLEPATH_UNROLL for (int i = 0; i < S * T; ++i) store(out + i * kGroup, sum[i]);
}

// Makes S * out_width columns, at least the input's width.
template <int K, int S>
void input_gradient_row(const Plane& plane, int border, const float* w, int y, int out_width, float* out) {
  const auto tile = [&](auto columns, auto whole, int x) __attribute__((always_inline)) {
    for (int lane = 0; lane < kGroup; lane += kLanes)
      input_gradient_tile<K, S, decltype(columns)::value, decltype(whole)::value>(
          plane, border, w, y, x, lane, out + x * S * kGroup + lane);
  };
  if constexpr (S == 1) return for_tiles(out_width, tile);
  // Two columns an output: half the tile width keeps the sums in registers.
  if (whole_row<1, 2, 3, 4>(out_width, tile)) return;
  constexpr int kLargest = kRegisters == 32 ? 6 : 4;
  for (int x = 0; x < out_width;) {
    const int left = out_width - x;
    if (left >= kLargest)
      tile(Int<kLargest>{}, Int<0>{}, x), x += kLargest;
    else if (left >= 2)
      tile(Int<2>{}, Int<0>{}, x), x += 2;
    else
      tile(Int<1>{}, Int<0>{}, x), x += 1;
  }
}

// ---- weight gradient: w[ky][kx] += sum over y, x of gradient[y][x] * plane[y * S + ky - P][x * S + kx - P]
// ---- Keeps Rows kernel rows of sums in registers over the whole image.

template <int K, int S, int Rows>
SINGLEPATH_INLINE void weight_gradient_rows(const Plane& in, const Plane& gradient, int border, int out_width,
                                            int ky0, int lane, float* w) {
  constexpr int P = K / 2;
  Vec sum[Rows][K];
  SINGLEPATH_UNROLL for (int r = 0; r < Rows; ++r) SINGLEPATH_UNROLL for (int kx = 0; kx < K; ++kx)
      sum[r][kx] = load(w + ((ky0 + r) * K + kx) * kGroup + lane);
  const auto tile = [&](auto columns, auto whole, const float* g, const float* row,
                        Vec(&line)[K]) __attribute__((always_inline)) {
    constexpr int T = decltype(columns)::value;
    SINGLEPATH_UNROLL for (int i = 0; i < (T - 1) * S + K; ++i) {
      if (decltype(whole)::value && (i < P || i >= P + T * S)) continue;
      const Vec value = load(row + i * kGroup);
      SINGLEPATH_UNROLL for (int kx = 0; kx < K; ++kx) if (i >= kx && (i - kx) % S == 0 && (i - kx) / S < T)
          line[kx] += value * load(g + (i - kx) / S * kGroup);
    }
  };
  for (int y = 0; y < gradient.height; ++y) {
    const float* g = gradient.row(y) + border * kGroup + lane;
    const auto rows = [&](auto columns, auto whole, int x) __attribute__((always_inline)) {
      SINGLEPATH_UNROLL for (int r = 0; r < Rows; ++r) {
        const int iy = y * S - P + ky0 + r;
        if (iy >= 0 && iy < in.height)
          tile(columns, whole, g + x * kGroup, in.row(iy) + x * S * kGroup + lane, sum[r]);
      }
    };
    if (whole_row<1, 2, 3, 4, 6>(out_width, rows)) continue;
    int x = 0;
    for (; x + 8 <= out_width; x += 8) rows(Int<8>{}, Int<0>{}, x);
    for (; x + 2 <= out_width; x += 2) rows(Int<2>{}, Int<0>{}, x);
    for (; x < out_width; ++x) rows(Int<1>{}, Int<0>{}, x);
  }
  SINGLEPATH_UNROLL for (int r = 0; r < Rows; ++r) SINGLEPATH_UNROLL for (int kx = 0; kx < K; ++kx)
      store(w + ((ky0 + r) * K + kx) * kGroup + lane, sum[r][kx]);
}

template <int K, int S>
void weight_gradient(const Plane& in, const Plane& gradient, int border, int out_width, float* w) {
  constexpr int kSums = kRegisters == 32 ? 21 : 10, kRows = K > kSums ? 1 : kSums / K < K ? kSums / K : K;
  for (int lane = 0; lane < kGroup; lane += kLanes) {
    int ky = 0;
    for (; ky + kRows <= K; ky += kRows)
      weight_gradient_rows<K, S, kRows>(in, gradient, border, out_width, ky, lane, w);
    if constexpr (K % kRows != 0)
      weight_gradient_rows<K, S, K % kRows>(in, gradient, border, out_width, ky, lane, w);
  }
}

// ---- any other odd kernel size: the same sums, one column at a time ----

inline void forward_row_any(const Plane& plane, const float* w, int k, int stride, int y, int out_width,
                            float* out) {
  const int top = y * stride - k / 2, ky0 = most(0, -top), ky1 = least(k, plane.height - top);
  for (int x = 0; x < out_width; ++x)
    for (int lane = 0; lane < kGroup; lane += kLanes) {
      Vec sum = zero();
      for (int ky = ky0; ky < ky1; ++ky)
        for (int kx = 0; kx < k; ++kx)
          sum += load(plane.row(top + ky) + (x * stride + kx) * kGroup + lane) *
                 load(w + (ky * k + kx) * kGroup + lane);
      store(out + x * kGroup + lane, sum);
    }
}

// Makes `width` columns, the input's.
inline void input_gradient_row_any(const Plane& plane, int border, const float* w, int k, int stride, int y,
                                   int width, int out_width, float* out) {
  for (int x = 0; x < width; ++x)
    for (int lane = 0; lane < kGroup; lane += kLanes) {
      Vec sum = zero();
      for (int ky = (y + k / 2) % stride; ky < k; ky += stride) {
        const int below = y + k / 2 - ky;
        if (below < 0 || below / stride >= plane.height) continue;
        for (int kx = (x + k / 2) % stride; kx < k; kx += stride) {
          const int right = x + k / 2 - kx;
          if (right < 0 || right / stride >= out_width) continue;
          sum += load(plane.row(below / stride) + (border + right / stride) * kGroup + lane) *
                 load(w + (ky * k + kx) * kGroup + lane);
        }
      }
      store(out + x * kGroup + lane, sum);
    }
}

inline void weight_gradient_any(const Plane& in, const Plane& gradient, int border, int k, int stride,
                                int out_width, float* w) {
  for (int ky = 0; ky < k; ++ky)
    for (int kx = 0; kx < k; ++kx)
      for (int lane = 0; lane < kGroup; lane += kLanes) {
        float* tap = w + (ky * k + kx) * kGroup + lane;
        Vec sum = load(tap);
        for (int y = 0; y < gradient.height; ++y) {
          const int iy = y * stride - k / 2 + ky;
          if (iy < 0 || iy >= in.height) continue;
          for (int x = 0; x < out_width; ++x)
            sum += load(gradient.row(y) + (border + x) * kGroup + lane) *
                   load(in.row(iy) + (x * stride + kx) * kGroup + lane);
        }
        store(tap, sum);
      }
}

// Calls body(Int<k>, Int<stride>) for the sizes compiled above; Int<0> for k stands for any other.
template <class Body>
SINGLEPATH_INLINE void with_kernel_size(int k, int stride, const Body& body) {
  if (stride == 1 || stride == 2) {
    const auto sized = [&](auto size) __attribute__((always_inline)) {
      if (stride == 1)
        body(size, Int<1>{});
      else
        body(size, Int<2>{});
    };
    if (k == 3) return sized(Int<3>{});
    if (k == 5) return sized(Int<5>{});
    if (k == 7) return sized(Int<7>{});
  }
  body(Int<0>{}, Int<0>{});
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
