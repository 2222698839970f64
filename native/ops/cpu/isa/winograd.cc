// Winograd's F(2 x 2, 3 x 3). With d a tile of 4 x 4 inputs, y one of 2 x 2 outputs, w the filter, ' for
// transposed and * value by value: forward y = A'[(G w G') * (B' d B)] A, a sum over channels; the input
// gradient is the same with gradients of outputs as d and the filter turned around; the gradient of w is
// G'[(B' d B) * (A y A')] G with the gradient of y, a sum over tiles.

#include "../winograd_kernels.h"
#include "matmul.h"
#include "strips.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

constexpr int kPositions = kWinogradPositions;

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
void transform_input(const float* band, int tiles, int channels, float* v, long first, long step) {
  const long line = (2L * tiles + 2) * channels;
  for (int tile = 0; tile < tiles; ++tile)
    for (int c = 0; c < channels; c += kLanes) {
      const float* from = band + 2L * tile * channels + c;
      float* to = v + (first + tile) * channels + c;
      Vec d[kPositions];
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
void transform_gradient(const float* band, int tiles, int channels, float* z, long first, long step) {
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
void transform_output(const float* m, int tiles, int channels, long first, long step, float* rows) {
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

template <class T>
SINGLEPATH_INLINE void read_input(const Operand& in, const TileRow& tile_row, float* band) {
  const T* data = static_cast<const T*>(in.data);
  const int channels = static_cast<int>(padded(in.channels));
  with_reader<T>(in, [&](auto read) {
    tile_row.read(channels, band, [&](long pixel, float* to) {
      read_rows(
          read, channels, tile_row.g.width, [&](int x) { return data + (pixel + x) * in.pixel_stride; },
          [&](int row, int c, Vec v, Vec w)
              __attribute__((always_inline)) { store_by_rows(to, channels, row, c, v, w); });
    });
  });
}

// Positions one after the other: m = v b.
inline void multiply(const float* v, const float* b, float* m, int rows, int depth, int n, int room) {
  for (int t = 0; t < kPositions; ++t)
    gemm(v + static_cast<long>(t) * room * depth, depth, b + static_cast<long>(t) * depth * n,
         m + static_cast<long>(t) * room * n, n, rows, depth, n);
}

template <class T>
void winograd_forward(const WinogradForward& task, long begin, long end, float* scratch, double* sums) {
  const WinogradGeometry& g = task.geometry;
  const int channels = task.channels(), outputs = task.outputs, room = g.room();
  const int across = g.tiles_across();
  float* v = scratch;
  float* m = v + static_cast<long>(kPositions) * room * channels;
  float* band = m + static_cast<long>(kPositions) * room * outputs;
  float* panel_sums = band + g.band_floats(most(channels, outputs));
  clear(panel_sums, 2L * outputs);
  for (long item = begin; item < end; ++item) {
    const long first = item * g.tile_rows();
    const int count = g.tile_rows(item);
    for (int i = 0; i < count; ++i) {
      read_input<T>(task.input, TileRow(g, first + i), band);
      transform_input(band, across, channels, v, static_cast<long>(i) * across,
                      static_cast<long>(room) * channels);
    }
    multiply(v, task.weights, m, count * across, channels, outputs, room);
    for (int i = 0; i < count; ++i) {
      transform_output(m, across, outputs, static_cast<long>(i) * across, static_cast<long>(room) * outputs,
                       band);
      TileRow(g, first + i).write(outputs, band, [&](long pixel, const float* row) {
        sink_forward<T>(task.sink, outputs, row, outputs, pixel, g.width, 0, outputs, panel_sums);
      });
    }
    if (!task.sink.bias) flush_sums(panel_sums, outputs, sums);
  }
}

template <class T>
void winograd_backward(const WinogradBackward& task, long begin, long end, float* scratch, double* sums) {
  const WinogradGeometry& g = task.geometry;
  const int channels = task.channels(), outputs = task.outputs, room = g.room();
  const int across = g.tiles_across(), widest = most(channels, outputs);
  const long of_channels = static_cast<long>(room) * channels, of_outputs = static_cast<long>(room) * outputs;
  float* v = scratch;                                            // later the transformed gradient
  float* z = v + static_cast<long>(kPositions) * room * widest;  // later products
  float* strips = z + static_cast<long>(kPositions) * room * widest;
  float* columns = strips + room * task.gradient_rows();
  float* band = columns + static_cast<long>(room) * widest;
  float* gradient_band = band + g.band_floats(widest);
  float* panel_sums = gradient_band + g.band_floats(widest);
  clear(panel_sums, 2L * channels);

  const auto read_output = [&](const TileRow& tile_row) {
    with_gradient_reader<T>(task.output, outputs, [&](auto read) {
      tile_row.read(outputs, gradient_band, [&](long pixel, float* to) {
        read_rows(
            read, outputs, g.width, [&](int x) { return pixel + x; },
            [&](int row, int c, Vec a, Vec b)
                __attribute__((always_inline)) { store_by_rows(to, outputs, row, c, a, b); });
      });
    });
  };

  for (long item = begin; item < end; ++item) {
    const long first = item * g.tile_rows();
    const int count = g.tile_rows(item);
    const int tiles = count * across;
    for (int i = 0; i < count; ++i) {
      const TileRow tile_row(g, first + i);
      read_input<T>(task.input, tile_row, band);
      transform_input(band, across, channels, v, static_cast<long>(i) * across, of_channels);
      read_output(tile_row);
      transform_gradient(gradient_band, across, outputs, z, static_cast<long>(i) * across, of_outputs);
    }
    for (int t = 0; t < kPositions; ++t) {
      pack_tn(z + t * of_outputs, outputs, tiles, outputs, strips);
      const float* from = v + t * of_channels;
      float* to = task.weight_gradient + t * task.gradient_rows() * channels;
      for (int column = 0; column < channels;) {
        const int n = tile_groups((channels - column) / kGroup) >= 2 ? 2 * kGroup : kGroup;
        for (int r = 0; r < tiles; ++r)
          copy_row(columns + r * n, from + static_cast<long>(r) * channels + column, n);
        gemm_tn_packed(strips, columns, to + column, channels, tiles, outputs, n, true);
        column += n;
      }
    }
    if (!task.weights) continue;
    for (int i = 0; i < count; ++i) {
      read_output(TileRow(g, first + i));
      transform_input(gradient_band, across, outputs, v, static_cast<long>(i) * across, of_outputs);
    }
    multiply(v, task.weights, z, tiles, outputs, channels, room);
    for (int i = 0; i < count; ++i) {
      transform_output(z, across, channels, static_cast<long>(i) * across, of_channels, band);
      TileRow(g, first + i).write(channels, band, [&](long pixel, const float* row) {
        sink_backward<T>(task.sink, channels, row, channels, pixel, g.width, 0, channels, panel_sums);
      });
    }
    if (!task.sink.external) flush_sums(panel_sums, channels, sums);
  }
}

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
      Vec rows[12], all[kPositions];
      SINGLEPATH_UNROLL for (int x = 0; x < 3; ++x)
          filter_line(load(lines[x] + c), load(lines[3 + x] + c), load(lines[6 + x] + c), rows + x, 3);
      SINGLEPATH_UNROLL for (int y = 0; y < 4; ++y)
          filter_line(rows[3 * y], rows[3 * y + 1], rows[3 * y + 2], all + 4 * y, 1);
      SINGLEPATH_UNROLL for (int t = 0; t < kPositions; ++t)
          store(to + t * static_cast<long>(depth) * n + c, all[t]);
    }
  }
}

void pack_winograd_by_output(const float* weights, long row_stride, int outputs, int channels,
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
void pack_winograd_by_input(const float* weights, long row_stride, int outputs, int channels, float* packed,
                            long begin, long end) {
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

void winograd_weight_gradient(const float* parts, int pieces, long size, long gradient_rows, int channels,
                              float* gradient, long row_stride, long begin, long end) {
  for (long output = begin; output < end; ++output)
    for (int c = 0; c < channels; c += kLanes) {
      Vec u[kPositions];
      for (int t = 0; t < kPositions; ++t) {
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

#if defined(SINGLEPATH_PAIRS)
constexpr WinogradStorageKernels kHalves = {nullptr, nullptr};
#else
constexpr WinogradStorageKernels kHalves = {winograd_forward<bf16>, winograd_backward<bf16>};
#endif

}  // namespace

extern const WinogradKernels winograd;
const WinogradKernels winograd = {{{winograd_forward<float>, winograd_backward<float>}, kHalves},
                                  pack_winograd_by_output,
                                  pack_winograd_by_input,
                                  winograd_weight_gradient};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
