#pragma once

// What the quantizer in front of a convolution is told, forward and backward.

#include "operands.h"

namespace singlepath::cpu {

// An operand, quantized, in the chain's storage. Items are pixels.
struct WriteQuantized {
  Operand input;
  Quantizer quantizer;
  void* out;  // padded
};

// Levels of quantized values, integers from 0 to kMostLevel, in images with borders:
// [image][height + 2 pad][width + 2 pad][channels], 0 outside the map and behind the last channel. So each
// tap of a filter reads one run of bytes at the same distance from those of every pixel.
constexpr int kMostLevel = 255;

struct LevelGeometry : Geometry {
  int channels;  // of the input, padded

  SINGLEPATH_INLINE int taps() const { return kernel * kernel; }
  SINGLEPATH_INLINE long line() const { return (width + 2L * pad()) * channels; }
  SINGLEPATH_INLINE long lines() const { return batch * (height + 2L * pad()); }
  SINGLEPATH_INLINE long bytes() const { return lines() * line(); }
};

// The levels of an operand. Items are lines, those of the borders too.
struct WriteLevels {
  Operand input;
  LevelGeometry geometry;
  Quantizer quantizer;  // pact or lsq
  uint8_t* levels;
};

// Backward of WriteQuantized: from the gradient of what it writes to that of what it reads, and on to the
// sink. Items are pixels.
struct QuantizedGradient {
  const void* gradient;  // padded
  Operand input;
  Quantizer quantizer;
  int width;               // padded
  BackwardSink sink;       // without data: only the scale's gradient is wanted
  double* scale_gradient;  // of this piece, added to

  SINGLEPATH_INLINE long scratch_floats() const { return 10L * width + 64; }
};

}  // namespace singlepath::cpu
