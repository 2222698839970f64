#pragma once

// Kernels for k x k convolutions over all channels between maps of few pixels, tap by tap (a tap is one
// position of the filter): what each one is told, and the table of them for one instruction set, as in
// kernels.h.
//
// The product of a tap takes the pixels of several images, without those for which the tap is outside the
// map. Items are blocks of kTapBlock channels, of the output forward, of the input backward, so results
// depend on the instruction set only. Factors are always fp32.

#include "kernels.h"

namespace singlepath::cpu {

constexpr int kTapPixels = 64;  // of an output map, at most
constexpr int kTapRows = 192;   // output pixels of a panel, at most
constexpr int kTapBlock = 32;
constexpr int kTapDepth = 256;  // channels of a product, at most

struct TapGeometry : Geometry {
  SINGLEPATH_INLINE int taps() const { return kernel * kernel; }
  SINGLEPATH_INLINE int map_pixels() const { return out_height * out_width; }
  // Images of a panel: as many as fit, in panels of one size.
  SINGLEPATH_INLINE int images() const {
    const int most = kTapRows / map_pixels(), panels = (batch + most - 1) / most;
    return (batch + panels - 1) / panels;
  }
  SINGLEPATH_INLINE int rows() const { return images() * map_pixels(); }
  SINGLEPATH_INLINE int in_rows() const { return images() * height * width; }
};

struct TapForward {
  Operand input;
  TapGeometry geometry;
  int outputs;           // padded
  const float* weights;  // TapKernels::pack_by_output
  ForwardSink sink;

  SINGLEPATH_INLINE int channels() const { return static_cast<int>(padded(input.channels)); }
  SINGLEPATH_INLINE long items() const { return (outputs + kTapBlock - 1) / kTapBlock; }
  SINGLEPATH_INLINE long scratch_floats() const {
    return (geometry.in_rows() + 1L) * channels() + (geometry.rows() + kPanelStep) * (kTapDepth + kTapBlock) +
           static_cast<long>(geometry.rows()) * outputs + 2L * outputs + 64;
  }
};

struct TapBackward {
  OutputGradient output;
  Operand input;
  TapGeometry geometry;
  int outputs;             // padded
  const float* weights;    // TapKernels::pack_by_input; null when the input needs no gradient
  float* weight_gradient;  // [block][gradient_rows()][tap][channels of the block], overwritten
  BackwardSink sink;

  SINGLEPATH_INLINE int channels() const { return static_cast<int>(padded(input.channels)); }
  SINGLEPATH_INLINE long items() const { return (channels() + kTapBlock - 1) / kTapBlock; }
  SINGLEPATH_INLINE long gradient_rows() const { return padded_rows(outputs); }
  SINGLEPATH_INLINE long scratch_floats() const {
    return 2 * (geometry.in_rows() + 1L) * channels() +
           (geometry.rows() + kPanelStep) * (2L * outputs + gradient_rows() + 2 * kTapBlock) +
           2L * channels() + 64;
  }
};

// Kernels that depend on the storage type; `sums` as in kernels.h.
struct TapStorageKernels {
  void (*forward)(const TapForward&, long begin, long end, float* scratch, double* sums);
  void (*backward)(const TapBackward&, long begin, long end, float* scratch, double* sums);
};

struct TapKernels : ByStorage<TapStorageKernels> {
  // Weights as kernels.h takes them, the blocks [begin, end) of what forward and backward read; taps times
  // padded channels times padded outputs in all.
  void (*pack_by_output)(const float* weights, long row_stride, int outputs, int channels, int taps,
                         const float* row_scale, float* packed, long begin, long end);
  void (*pack_by_input)(const float* weights, long row_stride, int outputs, int channels, int taps,
                        float* packed, long begin, long end);
};

// Of the same set as kernels().
SINGLEPATH_INLINE const TapKernels& tap_kernels() {
  return *kernels().taps;
}

}  // namespace singlepath::cpu
