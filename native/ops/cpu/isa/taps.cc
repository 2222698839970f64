// k x k convolutions between maps of few pixels, one tap of the filter at a time. All images of a panel are
// multiplied together, so weights are read once for up to kTapRows pixels, and pixels for which the tap is
// outside the map are left out: on 3 x 3 maps, 4 of 10 of a 3 x 3 filter's products.

#include "../tap_kernels.h"
#include "matmul.h"
#include "strips.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

// Output pixels of a panel for which the tap lies inside the map, and the input pixels there.
struct TapRows {
  int count;
  int row[kTapRows], source[kTapRows];

  TapRows(const TapGeometry& g, int images, int tap) : count(0) {
    const int dy = tap / g.kernel - g.pad(), dx = tap % g.kernel - g.pad();
    for (int image = 0, r = 0; image < images; ++image)
      for (int y = 0; y < g.out_height; ++y)
        for (int x = 0; x < g.out_width; ++x, ++r) {
          const int in_y = y * g.stride + dy, in_x = x * g.stride + dx;
          if (in_y < 0 || in_y >= g.height || in_x < 0 || in_x >= g.width) continue;
          row[count] = r;
          source[count++] = (image * g.height + in_y) * g.width + in_x;
        }
  }
};

template <class Reader>
struct ReaderFrom {
  Reader read;
  int first;
  SINGLEPATH_INLINE auto column(int c) const { return read.column(first + c); }
};

// Channels [channel, channel + width) of the pixels [first, first + count) into x [count][width], and a row
// of zeros behind them.
template <class T, class E>
void read_channels(const Operand& in, long first, int count, int channel, int width, E* x) {
  const T* data = static_cast<const T*>(in.data);
  with_reader<T>(in, [&](auto read) {
    read_rows(
        ReaderFrom<decltype(read)>{read, channel}, width, count,
        [&](int r) { return data + (first + r) * in.pixel_stride; },
        [&](int row, int c, Vec v, Vec w)
            __attribute__((always_inline)) { store_by_rows(x, width, row, c, v, w); });
  });
  clear_row(row_of(x, count, width), width);
}

template <class T>
void tap_forward(const TapForward& task, long begin, long end, float* scratch, double* sums) {
  using E = typename PanelOf<T>::Element;
  const TapGeometry& g = task.geometry;
  const int channels = task.channels(), outputs = task.outputs, images = g.images();
  const long depth = static_cast<long>(channels) * g.taps();
  const int first = static_cast<int>(begin) * kTapBlock;
  const int width = least(static_cast<int>(end) * kTapBlock, outputs) - first;
  Scratch memory{scratch};
  E* x = memory.panel<E>(g.in_rows(), channels);
  E* a = memory.panel<E>(g.rows() + kPanelStep - 1, least(channels, kTapDepth));
  float* part = memory.panel<float>(g.rows() + kPanelStep - 1, kTapBlock);
  float* panel_sums = memory.panel<float>(0, 2 * outputs);
  float* c = memory.next;
  clear(panel_sums, 2L * outputs);

  for (int image = 0; image < g.batch; image += images) {
    const int count = least(images, g.batch - image), in_pixels = g.height * g.width;
    read_channels<T>(task.input, static_cast<long>(image) * in_pixels, count * in_pixels, 0, channels, x);
    clear(c, static_cast<long>(count) * g.map_pixels() * width);
    for (int tap = 0; tap < g.taps(); ++tap) {
      const TapRows rows(g, count, tap);
      for (int channel = 0; channel < channels; channel += kTapDepth) {
        const int k = least(kTapDepth, channels - channel);
        for (int r = 0; r < rows.count; ++r)
          copy_row(row_of(a, r, k), row_of(x, rows.source[r], channels, channel), k);
        for (int column = 0; column < width; column += kTapBlock) {
          const int n = least(kTapBlock, width - column);
          const E* b =
              row_of(static_cast<const E*>(task.weights),
                     (first + column) * depth + (static_cast<long>(tap) * channels + channel) * n, 1);
          gemm(a, k / kDepth<E>, b, part, n, rows.count, k / kDepth<E>, n);
          for (int r = 0; r < rows.count; ++r)
            add_values(c + static_cast<long>(rows.row[r]) * width + column, part + r * n, n);
        }
      }
    }
    sink_forward<T>(task.sink, outputs, c, width, static_cast<long>(image) * g.map_pixels(),
                    count * g.map_pixels(), first, width, panel_sums);
    if (!task.sink.bias) flush_sums(panel_sums, outputs, sums);
  }
}

template <class T>
void tap_backward(const TapBackward& task, long begin, long end, float* scratch, double* sums) {
  using E = typename PanelOf<T>::Element;
  const TapGeometry& g = task.geometry;
  const int channels = task.channels(), outputs = task.outputs, images = g.images(), taps = g.taps();
  const int first = static_cast<int>(begin) * kTapBlock;
  const int width = least(static_cast<int>(end) * kTapBlock, channels) - first;
  const int room = g.rows() + kPanelStep - 1;
  Scratch memory{scratch};
  E* x = memory.panel<E>(g.in_rows(), width);
  float* x_gradient = memory.panel<float>(g.in_rows(), width);
  E* gradient = memory.panel<E>(room, outputs);
  E* inside = memory.panel<E>(room, outputs);  // its rows for which the tap is inside
  E* tiles = memory.panel<E>(room, task.gradient_rows());
  E* x_tiles = memory.panel<E>(room, kTapBlock);
  float* part = memory.panel<float>(room, kTapBlock);
  float* panel_sums = memory.next;
  clear(panel_sums, 2L * channels);

  for (int image = 0; image < g.batch; image += images) {
    const int count = least(images, g.batch - image), in_pixels = count * g.height * g.width;
    const long first_in = static_cast<long>(image) * g.height * g.width;
    read_channels<T>(task.input, first_in, in_pixels, first, width, x);
    read_gradients<T>(task.output, outputs, static_cast<long>(image) * g.map_pixels(), count * g.map_pixels(),
                      gradient);
    if (task.weights) clear(x_gradient, static_cast<long>(in_pixels) * width);
    for (int tap = 0; tap < taps; ++tap) {
      TapRows rows(g, count, tap);
      for (int r = 0; r < rows.count; ++r)
        copy_row(row_of(inside, r, outputs), row_of(gradient, rows.row[r], outputs), outputs);
      if (rows.count % kDepth<E> > 0) {
        clear_row(row_of(inside, rows.count, outputs), outputs);
        rows.source[rows.count] = in_pixels;  // the row of zeros
      }
      const int steps = steps_of<E>(rows.count);
      pack_tn(inside, outputs, rows.count, outputs, tiles);
      for (int column = 0; column < width; column += kTapBlock) {
        const int n = least(kTapBlock, width - column), tile = tile_groups(n / kGroup) * kGroup;
        for (int from = 0; from < n; from += tile)
          for (int s = 0; s < steps; ++s)
            for (int c = 0; c < tile; c += kLanes)
              store_columns(x_tiles + from * steps + s * tile + c,
                            row_of(x, rows.source[s * kDepth<E>], width, column + from + c),
                            row_of(x, rows.source[s * kDepth<E> + kDepth<E> - 1], width, column + from + c));
        const long before = static_cast<long>(first + column) * taps, of_tap = static_cast<long>(tap) * n;
        gemm_tn_packed(tiles, x_tiles, task.weight_gradient + before * task.gradient_rows() + of_tap,
                       taps * n, rows.count, outputs, n, image > 0);
        if (!task.weights) continue;
        gemm(inside, outputs / kDepth<E>,
             row_of(static_cast<const E*>(task.weights), before + of_tap, outputs), part, n, rows.count,
             outputs / kDepth<E>, n);
        for (int r = 0; r < rows.count; ++r)
          add_values(x_gradient + static_cast<long>(rows.source[r]) * width + column, part + r * n, n);
      }
    }
    if (!task.weights) continue;
    sink_backward<T>(task.sink, channels, x_gradient, width, first_in, in_pixels, first, width, panel_sums);
    if (!task.sink.external) flush_sums(panel_sums, channels, sums);
  }
}

// [block of outputs][tap][part of the channels][what gemm reads]. While a part of a row of weights is taken
// the next one is fetched: there are other rows between.
template <class E>
void pack_taps_by_output(const float* weights, long row_stride, int outputs, int known_channels, int taps,
                         const float* row_scale, void* packed, long begin, long end) {
  // Of a row of weights, whole channels; with as many rows as a block has, half of L1.
  constexpr int kRun = 2 * kMostTaps;
  const int run_channels = kRun / taps / kDepth<E> * kDepth<E>;
  alignas(64) float lines[kTapBlock][kRun + kGroup];
  const int channels = static_cast<int>(padded(known_channels));
  for (long block = begin; block < end; ++block) {
    const int first = static_cast<int>(block) * kTapBlock;
    const int n = least(kTapBlock, static_cast<int>(padded(outputs)) - first);
    const int known = least(n, outputs - first), tile = tile_groups(n / kGroup) * kGroup;
    clear(lines[0], static_cast<long>(kTapBlock) * (kRun + kGroup));
    for (int start = 0; start < channels; start += run_channels) {
      const int run = least(run_channels, channels - start);
      const int there = most(0, least(run, known_channels - start)) * taps;
      for (int j = 0; j < known; ++j) {
        const float* from = weights + (first + j) * row_stride + start * taps;
        const float scale = row_scale ? row_scale[first + j] : 1.f;
        for (int i = 0; i < there; i += kGroup) __builtin_prefetch(from + run * taps + i);
        for (int i = 0; i < there; ++i) lines[j][i] = from[i] * scale;
        clear(lines[j] + there, run * taps - there);
      }
      for (int channel = start; channel < start + run; channel += kDepth<E>) {
        const int part = channel / kTapDepth * kTapDepth, k = least(kTapDepth, channels - part);
        for (int tap = 0; tap < taps; ++tap) {
          E* line = row_of(static_cast<E*>(packed), static_cast<long>(first) * taps + tap * n, channels) +
                    (static_cast<long>(part) * n + (channel - part) * tile) / kDepth<E>;
          for (int from = 0; from < n; from += tile)
            pack_step(row_of(line, from, k), tile, [&](int i, float* to) __attribute__((always_inline)) {
              const int column = (channel - start + i) * taps + tap;
              for (int j = 0; j < tile; ++j) to[j] = lines[from + j][column];
            });
        }
      }
    }
  }
}

// [block of inputs][tap][what gemm reads]. Of each row of weights a block is a few lines, far from those of
// the next row: rows that come soon are fetched meanwhile.
template <class E>
void pack_taps_by_input(const float* weights, long row_stride, int outputs, int channels, int taps,
                        void* packed, long begin, long end) {
  constexpr int kRowsAhead = 4;
  const int depth = static_cast<int>(padded(outputs));
  for (long block = begin; block < end; ++block) {
    const int first = static_cast<int>(block) * kTapBlock;
    const int n = least(kTapBlock, static_cast<int>(padded(channels)) - first);
    const int tile = tile_groups(n / kGroup) * kGroup;
    for (int output = 0; output < depth; output += kDepth<E>)
      for (int tap = 0; tap < taps; ++tap) {
        const float* soon = weights + (output + kRowsAhead) * row_stride + static_cast<long>(first) * taps;
        for (int i = 0; i < n; i += kGroup) __builtin_prefetch(soon + tap * n + i);
        for (int from = 0; from < n; from += tile) {
          E* line = row_of(static_cast<E*>(packed), static_cast<long>(first) * taps + tap * n + from, depth) +
                    output / kDepth<E> * tile;
          pack_step(line, tile, [&](int i, float* to) __attribute__((always_inline)) {
            const float* row = weights + (output + i) * row_stride + static_cast<long>(first) * taps;
            const int known = output + i < outputs ? least(tile, channels - first - from) : 0;
            for (int j = 0; j < known; ++j) to[j] = row[(from + j) * taps + tap];
            for (int j = known; j < tile; ++j) to[j] = 0;
          });
        }
      }
  }
}

template <class T>
constexpr TapStorageKernels tap_kernels_of() {
  using E = typename PanelOf<T>::Element;
  return {tap_forward<T>, tap_backward<T>, pack_taps_by_output<E>, pack_taps_by_input<E>};
}

}  // namespace

extern const TapKernels taps;
const TapKernels taps = {tap_kernels_of<float>(), tap_kernels_of<bf16>()};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
