// Winograd's F(2 x 2, 3 x 3). With d a tile of 4 x 4 inputs, y one of 2 x 2 outputs, w the filter, ' for
// transposed and * value by value: forward y = A'[(G w G') * (B' d B)] A, a sum over channels; the input
// gradient is the same with gradients of outputs as d and the filter turned around; the gradient of w is
// G'[(B' d B) * (A y A')] G with the gradient of y, a sum over tiles.

#include "matmul.h"
#include "strips.h"
#include "winograd_filters.h"
#include "winograd_tiles.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

constexpr int kPositions = kWinogradPositions;

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
