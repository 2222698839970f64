#pragma once

// What the kernels for depthwise convolutions are told.

#include "operands.h"

namespace singlepath::cpu {

// Channel groups of one image that a depthwise kernel keeps in fp32 planes at a time: as many as fit this
// many floats.
constexpr long kPlaneFloats = 98304;

struct DepthwiseForward {
  Operand input;
  Geometry geometry;
  int channels;          // padded
  const float* weights;  // pack_depthwise
  ForwardSink sink;

  SINGLEPATH_INLINE long plane_floats() const {  // one channel group of one image, zeros left and right
    return static_cast<long>(geometry.height) * (geometry.width + 2 * geometry.pad()) * kGroup;
  }
  SINGLEPATH_INLINE int chunk_groups() const {
    const long fit = kPlaneFloats / plane_floats(), all = channels / kGroup;
    return static_cast<int>(fit < 1 ? 1 : fit > all ? all : fit);
  }
  SINGLEPATH_INLINE long chunks() const { return (channels / kGroup + chunk_groups() - 1) / chunk_groups(); }
  SINGLEPATH_INLINE long items() const { return geometry.batch * chunks(); }
  SINGLEPATH_INLINE long scratch_floats() const {
    return chunk_groups() * plane_floats() +
           static_cast<long>(geometry.out_height) * geometry.out_width * kGroup + 2L * channels + 256;
  }
};

struct DepthwiseBackward {
  OutputGradient output;
  Operand input;
  Geometry geometry;
  int channels;            // padded
  const float* weights;    // pack_depthwise; null when the input needs no gradient
  float* weight_gradient;  // [group][tap][kGroup] of this piece, added to
  BackwardSink sink;

  SINGLEPATH_INLINE int output_border() const {
    return geometry.pad() + 1;
  }  // zero columns left and right of an output plane
  SINGLEPATH_INLINE long plane_floats() const {
    return static_cast<long>(geometry.height) * (geometry.width + 2 * geometry.pad()) * kGroup;
  }
  SINGLEPATH_INLINE long output_plane_floats() const {
    return static_cast<long>(geometry.out_height) * (geometry.out_width + 2 * output_border()) * kGroup;
  }
  SINGLEPATH_INLINE int chunk_groups() const {
    const long fit = kPlaneFloats / (plane_floats() + output_plane_floats()), all = channels / kGroup;
    return static_cast<int>(fit < 1 ? 1 : fit > all ? all : fit);
  }
  SINGLEPATH_INLINE long chunks() const { return (channels / kGroup + chunk_groups() - 1) / chunk_groups(); }
  SINGLEPATH_INLINE long items() const { return geometry.batch * chunks(); }
  SINGLEPATH_INLINE long scratch_floats() const {
    return chunk_groups() * (plane_floats() + output_plane_floats()) +
           (geometry.height + 1L) * (geometry.width + 16L) * kGroup + 2L * channels + 256;
  }
};

}  // namespace singlepath::cpu
