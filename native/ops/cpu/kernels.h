#pragma once

// The kernels behind chain.h: what each one is told, and the table of them for one instruction set.
//
// Buffers inside a chain ("padded" below) are [pixel][channel] with the channels rounded up to kGroup and
// zeros in the rest, so that loops over them have no tails; per-channel vectors are rounded up the same way.
// Tensors of the caller have any channel count and strides.
//
// A kernel works on the items [begin, end) of its task, on the calling thread, with scratch memory of that
// thread. It allocates nothing and knows no threads.

#include "types.h"

namespace singlepath::cpu {

constexpr int kGroup = 16;
SINGLEPATH_INLINE constexpr long padded(long channels) {
  return (channels + kGroup - 1) / kGroup * kGroup;
}

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

// Channel groups of one image that a depthwise kernel keeps in fp32 planes at a time: as many as fit this
// many floats.
constexpr long kPlaneFloats = 98304;

struct Geometry {
  int batch, height, width;   // input
  int out_height, out_width;  // output
  int kernel, stride;         // padding is kernel / 2
  SINGLEPATH_INLINE int pad() const { return kernel / 2; }
  SINGLEPATH_INLINE long in_pixels() const { return static_cast<long>(batch) * height * width; }
  SINGLEPATH_INLINE long out_pixels() const { return static_cast<long>(batch) * out_height * out_width; }
};

// An activation as a kernel reads it: activation(value * scale + shift), or the plain value when scale is
// null. With a scale the data must be padded.
struct Operand {
  const void* data;   // first pixel, first channel
  long pixel_stride;  // elements from pixel to pixel
  int channel_step;   // elements from channel to channel
  int channels;
  const float* scale;
  const float* shift;
  Activation activation;
};

// Where a convolution's results go: raw values with their statistics (training; bias null), or
// activation(value + bias) (evaluation). Padded.
struct ForwardSink {
  void* data;
  const float* bias;
  Activation activation;
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
    return (rows() + 1) * (2 * padded(depth) + outputs) + 2L * outputs + band_floats() + 64;
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

// Global average pool of activation(raw * scale + shift) into float [image][channel]. Items are images.
struct PoolOutput {
  Operand input;  // padded
  int pixels;     // of one image
  float* out;
  long out_stride;
};

// Backward of WriteOutput and PoolOutput up to the last BatchNorm: the gradient behind its activation, and
// its sums. Items are pixels.
struct GradientEntry {
  const void* gradient;  // of the output; float [image][channels] when pooled
  long gradient_stride;
  bool pooled;
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

// What a block of values adds to the gradient of a quantizer's scale (dorefa: gradient times value), and how
// many of them are as large as the scale (dorefa only).
struct QuantizerSums {
  double gradient;
  long largest;
};

// Kernels that depend on the storage type. `sums` is double [2][padded channels] of the piece, added to: sum
// of values and of squares (forward), or of gradients and of gradient * (raw - mean) (backward).
struct StorageKernels {
  void (*matmul_forward)(const MatmulForward&, long begin, long end, float* scratch, double* sums);
  void (*matmul_backward)(const MatmulBackward&, long begin, long end, float* scratch, double* sums);
  void (*depthwise_forward)(const DepthwiseForward&, long begin, long end, float* scratch, double* sums);
  void (*depthwise_backward)(const DepthwiseBackward&, long begin, long end, float* scratch, double* sums);
  void (*write_output)(const WriteOutput&, long begin, long end);
  void (*pool_output)(const PoolOutput&, long begin, long end);
  void (*gradient_entry)(const GradientEntry&, long begin, long end, float* scratch, double* sums);
  void (*copy_channels)(const CopyChannels&, long begin, long end);
  void (*normalize)(const uint8_t* bytes, long pixels, int channels, const float* scale, const float* shift,
                    void* out);

  // n values; see quantize.h. `dx` may be null.
  void (*quantize)(const Quantizer&, const void* x, void* out, long n);
  QuantizerSums (*quantize_backward)(const Quantizer&, const void* x, const void* gradient, void* dx, long n);

  // Weights [outputs][depth] (rows `row_stride` apart), optionally times row_scale[output], into the panels
  // of the matrix product [depth] x [padded outputs], or transposed [outputs] x [padded depth]. For dense
  // convolutions taps > 1 and weight (output, channel, tap) becomes depth tap * channels + channel. At most
  // padded(depth) * padded(outputs) floats.
  void (*pack_by_output)(const float* weights, long row_stride, int outputs, int channels, int taps,
                         const float* row_scale, void* packed);
  void (*pack_by_input)(const float* weights, long row_stride, int outputs, int channels, int taps,
                        void* packed);

  // c[rows][n] = a[rows][k] * packed b, alone, for measuring what the machine can do. Rows a multiple of
  // kPanelStep, k even; a and b at most floats.
  void (*product)(const void* a, const void* packed, float* c, int rows, int k, int n);
};

// Kernels of the two storage types.
template <class Of>
struct ByStorage {
  Of float32;
  Of bfloat16;

  SINGLEPATH_INLINE const Of& of(Storage storage) const {
    return storage == Storage::float32 ? float32 : bfloat16;
  }
};

struct TapKernels;       // tap_kernels.h
struct WinogradKernels;  // winograd_kernels.h

struct Kernels : ByStorage<StorageKernels> {
  const char* name;
  bool bf16_products;  // the set has instructions for them

  // Weights [channels][taps] (rows `row_stride` apart), optionally times row_scale[channel], into
  // [group][tap][kGroup].
  void (*pack_depthwise)(const float* weights, long row_stride, int channels, int taps,
                         const float* row_scale, float* packed);

  // p -= lr * update over n values; see sgd.h.
  void (*sgd)(float* parameter, const float* gradient, float* momentum, long n, float learning_rate,
              float momentum_factor, float weight_decay, bool nesterov);

  // |x| of n values: the largest as its bits, so that a NaN is larger than all numbers; the sum.
  uint32_t (*largest_magnitude)(const float* x, long n);
  double (*sum_of_magnitudes)(const float* x, long n);
  // dx of n values of a dorefa quantizer: what those that are as large as its scale get on top.
  void (*add_to_largest)(const Quantizer&, const float* x, float* dx, long n, float gradient);

  const TapKernels* taps;
  const WinogradKernels* winograd;
};

// The best set this CPU supports, or the one named by SINGLEPATH_ISA (avx512dot, avx512bf16, avx512, avx2,
// portable). Chosen at the first call; throws std::runtime_error when the named set is unknown or not
// supported here.
const Kernels& kernels();

// Chooses again, by name (null: automatically). For tests and benchmarks.
const Kernels& select_kernels(const char* name);

// Names of the sets this CPU can run, best first, null-terminated.
const char* const* available_isas();

// Name of the set in use, for `doctor`.
const char* isa_name();

}  // namespace singlepath::cpu
