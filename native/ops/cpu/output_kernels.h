#pragma once

// What the kernels at the ends of a chain are told.

#include "operands.h"

namespace singlepath::cpu {

// The chain's end: out = post(activation(raw * scale + shift) + residual), and channels passed through beside
// it. Items are pixels.
struct WriteOutput {
  Operand input;  // padded
  void* out;
  long out_stride;
  const void* residual;
  long residual_stride;
  int residual_step;
  Activation post;
  const void* pass;
  long pass_stride;
  int pass_step;
  int pass_channels;
  void* pass_out;
};

// Global average pool of activation(raw * scale + shift) into float [image][channel]; with a gradient, the
// sum of its products with the values instead (that of a gate's factors). Items are images.
struct PoolOutput {
  Operand input;  // padded
  int pixels;     // of one image
  float* out;
  long out_stride;
  const void* gradient = nullptr;  // pixels as far apart as those of `input`
};

// Backward of WriteOutput, PoolOutput and gates up to the last BatchNorm: the gradient behind its activation,
// and its sums. Items are pixels.
struct GradientEntry {
  const void* gradient;  // of the output; float [image][channels] when pooled
  long gradient_stride;
  bool pooled;
  // Of a gated output: `gradient` times the factors, plus the gradient of the means. [image][gate_stride],
  // padded.
  const float* factors;
  const float* means_gradient;
  long gate_stride;
  int pixels;  // of one image
  int channels;
  const void* out;  // the chain's output, to undo `post`; null without
  long out_stride;
  Activation post;
  void* residual_gradient;  // gradient behind `post`, for the residual; null when not wanted
  long residual_gradient_stride;
  const void* raw;
  const float *scale, *shift, *mean;
  Activation activation;
  void* sink;  // padded; null: only the sums are wanted
  SINGLEPATH_INLINE long scratch_floats() const { return 2 * padded(channels) + 64; }
};

// Channels copied, or added, from one strided tensor to another. Items are pixels.
struct CopyChannels {
  const void* from;
  long from_stride;
  int from_step;
  void* to;
  long to_stride;
  int to_step;
  int channels;
  bool accumulate;
};

}  // namespace singlepath::cpu
