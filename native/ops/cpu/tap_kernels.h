#pragma once

// Kernels for k x k convolutions over all channels between maps of few pixels, tap by tap (a tap is one
// position of the filter): what each one is told, and the table of them for one instruction set, as in
// kernels.h.
//
// The product of a tap takes the pixels of several images, without those for which the tap is outside the
// map. Items are blocks of kTapBlock channels, of the output forward, of the input backward, so results
// depend on the instruction set only.

#include "kernels.h"

namespace singlepath::cpu {

constexpr int kTapPixels = 64;  // of an output map, at most
constexpr int kTapRows = 192;   // output pixels of a panel, at most
constexpr int kTapBlock = 32;   // channels of an item
constexpr int kTapDepth = 256;  // channels of a product, at most
constexpr int kMostTaps = 64;   // of a filter
// Items that a thread takes at once: each time, all pixels of the other side are read.
constexpr long kTapGrain = 4;

SINGLEPATH_INLINE constexpr long tap_blocks(long channels) {
  return (channels + kTapBlock - 1) / kTapBlock;
}

struct TapGeometry : Geometry {
  SINGLEPATH_INLINE int taps() const { return kernel * kernel; }
  SINGLEPATH_INLINE int map_pixels() const { return out_height * out_width; }
  // Images of a panel: as many as fit, in panels of one size.
  SINGLEPATH_INLINE int images() const {
    const int fit = kTapRows / map_pixels(), panels = (batch + fit - 1) / fit;
    return (batch + panels - 1) / panels;
  }
  SINGLEPATH_INLINE int rows() const { return images() * map_pixels(); }
  SINGLEPATH_INLINE int in_rows() const { return images() * height * width; }
  // Of any batch up to this one, whose panels may have more images than its own.
  SINGLEPATH_INLINE int most_images() const {
    return batch < kTapRows / map_pixels() ? batch : kTapRows / map_pixels();
  }
  SINGLEPATH_INLINE long most_rows() const { return most_images() * map_pixels(); }
  SINGLEPATH_INLINE long most_in_rows() const { return static_cast<long>(most_images()) * height * width; }
};

struct TapForward {
  Operand input;
  TapGeometry geometry;
  int outputs;          // padded
  const void* weights;  // pack_by_output
  ForwardSink sink;

  SINGLEPATH_INLINE int channels() const { return static_cast<int>(padded(input.channels)); }
  SINGLEPATH_INLINE long items() const { return tap_blocks(outputs); }
  SINGLEPATH_INLINE long scratch_floats() const {
    return (geometry.most_in_rows() + 1) * channels() +
           (geometry.most_rows() + kPanelStep) * (kTapDepth + kTapBlock) + geometry.most_rows() * outputs +
           2L * outputs + 64;
  }
};

struct TapBackward {
  OutputGradient output;
  Operand input;
  TapGeometry geometry;
  int outputs;             // padded
  const void* weights;     // pack_by_input; null when the input needs no gradient
  float* weight_gradient;  // [block][gradient_rows()][tap][channels of the block], overwritten
  BackwardSink sink;

  SINGLEPATH_INLINE int channels() const { return static_cast<int>(padded(input.channels)); }
  SINGLEPATH_INLINE long items() const { return tap_blocks(channels()); }
  SINGLEPATH_INLINE long gradient_rows() const { return padded_rows(outputs); }
  SINGLEPATH_INLINE long scratch_floats() const {
    return 2 * (geometry.most_in_rows() + 1) * channels() +
           (geometry.most_rows() + kPanelStep) * (2L * outputs + gradient_rows() + 2 * kTapBlock) +
           2L * channels() + 64;
  }
};

// `sums` as in kernels.h.
struct TapStorageKernels {
  void (*forward)(const TapForward&, long begin, long end, float* scratch, double* sums);
  void (*backward)(const TapBackward&, long begin, long end, float* scratch, double* sums);
  // Weights as kernels.h takes them, the blocks [begin, end) of what forward and backward read; taps times
  // padded channels times padded outputs values in all, no more than floats.
  void (*pack_by_output)(const float* weights, long row_stride, int outputs, int channels, int taps,
                         const float* row_scale, void* packed, long begin, long end);
  void (*pack_by_input)(const float* weights, long row_stride, int outputs, int channels, int taps,
                        void* packed, long begin, long end);
};

struct TapKernels : ByStorage<TapStorageKernels> {};

// Of the same set as kernels().
SINGLEPATH_INLINE const TapKernels& tap_kernels() {
  return *kernels().taps;
}

}  // namespace singlepath::cpu
