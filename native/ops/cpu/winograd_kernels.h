#pragma once

// Kernels for 3 x 3 convolutions with stride 1 by Winograd's F(2 x 2, 3 x 3) (arXiv 1509.09308): a tile of 2
// x 2 outputs takes 16 multiplications a channel instead of 36. Everything else as in kernels.h.
//
// Positions (t) are those of the 4 x 4 transformed tile. A tile row is the tiles beside each other that make
// two rows of an output map; items are panels of a few tile rows, which follow each other over all images.

#include "kernels.h"

namespace singlepath::cpu {

constexpr int kWinogradPositions = 16;
constexpr int kWinogradTiles = 48;  // of a panel, about

struct WinogradGeometry : Geometry {
  SINGLEPATH_INLINE int tiles_across() const { return (out_width + 1) / 2; }
  SINGLEPATH_INLINE int tiles_down() const { return (out_height + 1) / 2; }
  SINGLEPATH_INLINE int tile_rows() const {  // of a panel
    return tiles_across() > kWinogradTiles ? 1 : kWinogradTiles / tiles_across();
  }
  SINGLEPATH_INLINE long items() const {
    return (static_cast<long>(batch) * tiles_down() + tile_rows() - 1) / tile_rows();
  }
  SINGLEPATH_INLINE int tile_rows(long item) const {  // fewer in the last panel
    const long left = static_cast<long>(batch) * tiles_down() - item * tile_rows();
    return left < tile_rows() ? static_cast<int>(left) : tile_rows();
  }
  SINGLEPATH_INLINE int room() const {  // rows of a panel, with what products need behind them
    return (tile_rows() * tiles_across() + 1 + kPanelStep) / kPanelStep * kPanelStep;
  }
  SINGLEPATH_INLINE long band_floats(long channels) const {  // the input of one tile row
    return 4 * (2L * tiles_across() + 2) * channels;
  }
};

struct WinogradForward {
  Operand input;
  WinogradGeometry geometry;
  int outputs;           // padded
  const float* weights;  // pack_by_output
  ForwardSink sink;

  SINGLEPATH_INLINE int channels() const { return static_cast<int>(padded(input.channels)); }
  SINGLEPATH_INLINE long items() const { return geometry.items(); }
  SINGLEPATH_INLINE long scratch_floats() const {
    return kWinogradPositions * geometry.room() * static_cast<long>(channels() + outputs) +
           geometry.band_floats(channels() > outputs ? channels() : outputs) + 2L * outputs + 64;
  }
};

struct WinogradBackward {
  OutputGradient output;
  Operand input;
  WinogradGeometry geometry;
  int outputs;             // padded
  const float* weights;    // pack_by_input; null when the input needs no gradient
  float* weight_gradient;  // [position][gradient_rows()][channels] of this piece, added to
  BackwardSink sink;

  SINGLEPATH_INLINE int channels() const { return static_cast<int>(padded(input.channels)); }
  SINGLEPATH_INLINE long items() const { return geometry.items(); }
  SINGLEPATH_INLINE long gradient_rows() const { return padded_rows(outputs); }
  SINGLEPATH_INLINE long scratch_floats() const {
    const long widest = channels() > outputs ? channels() : outputs;
    return 2 * kWinogradPositions * geometry.room() * widest + geometry.room() * (gradient_rows() + widest) +
           2 * geometry.band_floats(widest) + 2L * channels() + 64;
  }
};

struct WinogradStorageKernels {
  // Both null where matrix products of this storage take pairs of values, which is as fast and more exact.
  void (*forward)(const WinogradForward&, long begin, long end, float* scratch, double* sums);
  void (*backward)(const WinogradBackward&, long begin, long end, float* scratch, double* sums);
};

struct WinogradKernels : ByStorage<WinogradStorageKernels> {
  // Weights [outputs][channels][9] transformed, for groups of kGroup columns [begin, end): the b of a product
  // for each position, [padded channels] x [padded outputs] or the other way around.
  void (*pack_by_output)(const float* weights, long row_stride, int outputs, int channels,
                         const float* row_scale, float* packed, long begin, long end);
  void (*pack_by_input)(const float* weights, long row_stride, int outputs, int channels, float* packed,
                        long begin, long end);
  // The gradient of the weights of outputs [begin, end) from those of the transformed ones, the sum of
  // `pieces` parts as `backward` leaves them, which are `size` floats apart.
  void (*weight_gradient)(const float* parts, int pieces, long size, long gradient_rows, int channels,
                          float* gradient, long row_stride, long begin, long end);
};

// Of the same set as kernels().
SINGLEPATH_INLINE const WinogradKernels& winograd_kernels() {
  return *kernels().winograd;
}

}  // namespace singlepath::cpu
