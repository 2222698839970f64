#pragma once

// The kernels behind chain.h: the table of them for one instruction set. What each one is told stands in the
// headers below.
//
// A kernel works on the items [begin, end) of its task, on the calling thread, with scratch memory of that
// thread. It allocates nothing and knows no threads.

#include "depthwise_kernels.h"
#include "matmul_kernels.h"
#include "output_kernels.h"
#include "quantize_kernels.h"

namespace singlepath::cpu {

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

  void (*write_quantized)(const WriteQuantized&, long begin, long end);
  // True when there was a value that is no number: it has no level.
  bool (*write_levels)(const WriteLevels&, long begin, long end);
  void (*quantized_gradient)(const QuantizedGradient&, long begin, long end, float* scratch, double* sums);

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

struct LevelKernels;     // level_kernels.h
struct TapKernels;       // tap_kernels.h
struct WinogradKernels;  // winograd_kernels.h

struct Kernels : ByStorage<const StorageKernels&> {
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
  const LevelKernels* levels;  // null: none
};

// The best set this CPU supports, or the one named by SINGLEPATH_ISA (avx512dot, avx512bf16,
// avx512vnni, avx512, avx2, portable). Chosen at the first call; throws std::runtime_error when the named set
// is unknown or not supported here.
const Kernels& kernels();

// Chooses again, by name (null: automatically). For tests and benchmarks.
const Kernels& select_kernels(const char* name);

// Names of the sets this CPU can run, best first, null-terminated.
const char* const* available_isas();

// Name of the set in use, for `doctor`.
const char* isa_name();

}  // namespace singlepath::cpu
