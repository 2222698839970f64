#pragma once

// What kernels read and write. Buffers inside a chain ("padded" below) are [pixel][channel] with the channels
// rounded up to kGroup and zeros in the rest, so that loops over them have no tails; per-channel vectors are
// rounded up the same way. Tensors of the caller have any channel count and strides.

#include "types.h"

namespace singlepath::cpu {

constexpr int kGroup = 16;
SINGLEPATH_INLINE constexpr long padded(long channels) {
  return (channels + kGroup - 1) / kGroup * kGroup;
}

struct Geometry {
  int batch, height, width;   // input
  int out_height, out_width;  // output
  int kernel, stride;         // padding is kernel / 2
  SINGLEPATH_INLINE int pad() const { return kernel / 2; }
  SINGLEPATH_INLINE long in_pixels() const { return static_cast<long>(batch) * height * width; }
  SINGLEPATH_INLINE long out_pixels() const { return static_cast<long>(batch) * out_height * out_width; }
};

// An activation as a kernel reads it: activation(value * scale + shift), or the plain value when scale is
// null. With a scale the data must be padded. 1x1 convolutions with stride 1 also read it times a gate: one
// row of factors, padded, for all pixels of an image.
struct Operand {
  const void* data;   // first pixel, first channel
  long pixel_stride;  // elements from pixel to pixel
  int channel_step;   // elements from channel to channel
  int channels;
  const float* scale;
  const float* shift;
  Activation activation;
  const float* gate = nullptr;
  long gate_stride = 0;
  long gate_pixels = 0;  // of an image
  float unit = 1;        // of levels (quantize_kernels.h), where these are the data
};

// Where a convolution's results go: raw values with their statistics (training; bias null), or
// activation(value + bias) (evaluation). Padded; products by panels also go to pixels that lie further apart.
struct ForwardSink {
  void* data;
  const float* bias;
  Activation activation;
  long pixel_stride = 0;  // elements from pixel to pixel; 0: the padded channels
};

// The gradient at a raw convolution output, rebuilt while reading: g * c0 + raw * c1 + c2 (BatchNorm's
// backward), where g is the gradient behind the activation sent back through it at raw * scale + shift.
struct OutputGradient {
  const void* gradient;
  long stride;   // elements from pixel to pixel
  int channels;  // those behind have gradient 0
  Activation activation;
  const float *scale, *shift;  // unused without activation
  const void* raw;             // padded
  const float *c0, *c1, *c2;
};

// Where the gradient of a convolution's input goes.
// Inside a chain (external false): through the previous unit's activation into a padded buffer, together with
// the two sums its BatchNorm needs. At the chain's start: into the caller's tensor.
struct BackwardSink {
  bool external;
  void* data;

  const void* raw;  // previous unit's raw output and normalization
  const float *scale, *shift, *mean;
  Activation activation;

  long pixel_stride;  // caller's tensor: data points at the first channel read by the chain
  int channel_step;
  int channels;
  bool accumulate;
  const void* add;  // gradient added on top (residual), with its own pixel stride; or null
  long add_stride;
  const void*
      interleave;  // gradient for the channels in between (channel_step 2, data at channel 1); or null
  long interleave_stride;
};

}  // namespace singlepath::cpu
