#pragma once

// Winograd's transforms of tiles of a map, and the rows of tiles that a map consists of: winograd.cc.

#include "../winograd_kernels.h"
#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// B' applied to the values i, i + stride, ...
SINGLEPATH_INLINE void input_line(Vec* v, int stride) {
  const Vec a = v[0], b = v[stride], c = v[2 * stride], d = v[3 * stride];
  v[0] = a - c;
  v[stride] = b + c;
  v[2 * stride] = c - b;
  v[3 * stride] = b - d;
}

// A tile row of the band into v [position][tile from `first` on], rows `channels` wide and positions `step`
// apart.
inline void transform_input(const float* band, int tiles, int channels, float* v, long first, long step) {
  const long line = (2L * tiles + 2) * channels;
  for (int tile = 0; tile < tiles; ++tile)
    for (int c = 0; c < channels; c += kLanes) {
      const float* from = band + 2L * tile * channels + c;
      float* to = v + (first + tile) * channels + c;
      Vec d[kWinogradPositions];
      SINGLEPATH_UNROLL for (int x = 0; x < 4; ++x) {
        SINGLEPATH_UNROLL for (int y = 0; y < 4; ++y) d[4 * y + x] = load(from + y * line + x * channels);
        input_line(d + x, 4);
      }
      SINGLEPATH_UNROLL for (int y = 0; y < 4; ++y) {
        input_line(d + 4 * y, 1);
        SINGLEPATH_UNROLL for (int x = 0; x < 4; ++x) store(to + (4 * y + x) * step, d[4 * y + x]);
      }
    }
}

// The two middle rows of the band, gradients of outputs, into z, which lies like v above: A y A'.
inline void transform_gradient(const float* band, int tiles, int channels, float* z, long first, long step) {
  const long line = (2L * tiles + 2) * channels;
  for (int tile = 0; tile < tiles; ++tile)
    for (int c = 0; c < channels; c += kLanes) {
      const float* from = band + line + (2L * tile + 1) * channels + c;
      float* to = z + (first + tile) * channels + c;
      const Vec a = load(from), b = load(from + channels), e = load(from + line),
                f = load(from + line + channels);
      const Vec left[4] = {a, a + e, a - e, -e}, right[4] = {b, b + f, b - f, -f};
      SINGLEPATH_UNROLL for (int y = 0; y < 4; ++y) {
        store(to + (4 * y + 0) * step, left[y]);
        store(to + (4 * y + 1) * step, left[y] + right[y]);
        store(to + (4 * y + 2) * step, left[y] - right[y]);
        store(to + (4 * y + 3) * step, -right[y]);
      }
    }
}

// Products m [position][tile] into the two rows of outputs of a tile row, [2][2 * tiles][channels].
inline void transform_output(const float* m, int tiles, int channels, long first, long step, float* rows) {
  for (int tile = 0; tile < tiles; ++tile)
    for (int c = 0; c < channels; c += kLanes) {
      const float* from = m + (first + tile) * channels + c;
      float* to = rows + 2L * tile * channels + c;
      Vec upper[4], lower[4];
      SINGLEPATH_UNROLL for (int x = 0; x < 4; ++x) {
        const Vec p = load(from + x * step), q = load(from + (4 + x) * step), r = load(from + (8 + x) * step),
                  s = load(from + (12 + x) * step);
        upper[x] = p + q + r;
        lower[x] = q - r - s;
      }
      const long line = 2L * tiles * channels;
      store(to, upper[0] + upper[1] + upper[2]);
      store(to + channels, upper[1] - upper[2] - upper[3]);
      store(to + line, lower[0] + lower[1] + lower[2]);
      store(to + line + channels, lower[1] - lower[2] - lower[3]);
    }
}

// The tile rows of the panels [begin, end), one after the other.
struct TileRow {
  const WinogradGeometry& g;
  int image, down;

  TileRow(const WinogradGeometry& geometry, long index)
      : g(geometry),
        image(static_cast<int>(index / geometry.tiles_down())),
        down(static_cast<int>(index % geometry.tiles_down())) {}

  // Fills the band with its four rows, zeros outside the map. read(pixel, to) writes the row of a map that
  // starts with that pixel, and up to one pixel of zeros more.
  template <class Read>
  SINGLEPATH_INLINE void read(int channels, float* band, const Read& read) const {
    const long line = (2L * g.tiles_across() + 2) * channels;
    clear(band, 4 * line);
    for (int i = 0; i < 4; ++i) {
      const int y = 2 * down - 1 + i;
      if (y >= 0 && y < g.height)
        read((static_cast<long>(image) * g.height + y) * g.width, band + i * line + channels);
    }
  }

  // Calls take(pixel, row) for the one or two rows of the map in `rows`.
  template <class Take>
  SINGLEPATH_INLINE void write(int channels, const float* rows, const Take& take) const {
    for (int y = 2 * down; y < least(2 * down + 2, g.height); ++y, rows += 2L * g.tiles_across() * channels)
      take((static_cast<long>(image) * g.height + y) * g.width, rows);
  }
};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
