#pragma once

// What the kernels for 1x1 and k x k convolutions by panels are told.

#include "operands.h"

namespace singlepath::cpu {

// Rows of a matrix product are handled in panels small enough that a panel and its result stay in L2. A
// multiple of 24, which every register tile's height divides.
constexpr int kMaxPanelRows = 96;
constexpr int kPanelStep = 24;
SINGLEPATH_INLINE constexpr int panel_rows(long depth) {
  const long fit = 131072 / (depth < 1 ? 1 : depth) / kPanelStep * kPanelStep;
  return static_cast<int>(fit < kPanelStep ? kPanelStep : fit > kMaxPanelRows ? kMaxPanelRows : fit);
}

SINGLEPATH_INLINE constexpr long padded_rows(long rows) {
  return (rows + kPanelStep - 1) / kPanelStep * kPanelStep;
}

// 1x1 and k x k convolutions as one matrix product: [output pixels][depth] x [depth][outputs].
// Depth of a k x k convolution is (ky * k + kx) * channels + channel.
struct MatmulForward {
  Operand input;
  Geometry geometry;
  bool dense;
  int depth;
  int outputs;          // padded
  const void* weights;  // pack_by_output
  ForwardSink sink;

  SINGLEPATH_INLINE int rows() const { return panel_rows(depth); }
  SINGLEPATH_INLINE long panels_per_image() const {
    return (static_cast<long>(geometry.out_height) * geometry.out_width + rows() - 1) / rows();
  }
  SINGLEPATH_INLINE long items() const {
    return dense ? geometry.batch * panels_per_image() : (geometry.out_pixels() + rows() - 1) / rows();
  }
  SINGLEPATH_INLINE long band_floats() const {  // normalized input rows one dense panel reads
    if (!dense) return 0;
    const long out_rows = rows() / geometry.out_width + 2;
    return (out_rows * geometry.stride + geometry.kernel) * (geometry.width + 2L * geometry.pad()) *
               input.channels +
           64;
  }
  SINGLEPATH_INLINE long scratch_floats() const {
    return (rows() + 1) * 2 * padded(depth) + 2L * outputs + band_floats() + 64;
  }
};

struct MatmulBackward {
  OutputGradient output;
  Operand input;
  Geometry geometry;
  bool dense;
  int depth;
  int outputs;             // padded
  const void* weights;     // pack_by_input; null when the input needs no gradient
  float* weight_gradient;  // [outputs][padded(depth)] of this piece, added to
  BackwardSink sink;

  SINGLEPATH_INLINE int rows() const { return panel_rows(depth > outputs ? depth : outputs); }
  SINGLEPATH_INLINE long items() const {
    return dense ? geometry.batch : (geometry.out_pixels() + rows() - 1) / rows();
  }
  SINGLEPATH_INLINE long plane_floats() const {  // one image with its border
    return (geometry.height + 2L * geometry.pad()) * (geometry.width + 2L * geometry.pad()) * input.channels +
           64;
  }
  SINGLEPATH_INLINE long scratch_floats() const {
    return (rows() + 2) * (3 * padded(depth) + 2 * outputs) + 2 * padded(input.channels) +
           (dense ? 2 * plane_floats() + geometry.width * padded(input.channels) : 0) + 320;
  }
};

}  // namespace singlepath::cpu
