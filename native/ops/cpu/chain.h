#pragma once

// Chains of convolution -> BatchNorm -> activation, computed as one piece on the CPU.
//
// A chain is a list of units. Activations are NHWC ("pixel" = one position of one image, its channels side by
// side) in fp32 or bf16. What makes it fast: a training pass stores nothing but each convolution's raw
// output. BatchNorm statistics are summed while that output is written; normalizing and activating happen
// while the next unit reads it; backward recomputes the rest. A gate (squeeze-and-excite) is multiplied in
// the same read. A quantizer's results are written down, as levels of a byte each where those are multiplied
// as integers. Blocks around the chain (split, shuffle, concat, residual, pool) are part of reading and
// writing:
//
//   plain            out = chain(x)                                 Input{x, C, 1}
//   channel slice    out = chain(x[:, a::s])                        Input{x + a, C, s}
//   concat           out[:, a:b] = chain(x)                         Output{out + a, width of out}
//   ShuffleNet       out = concat(x[:, 0::2], chain(x[:, 1::2]))    Output::pass
//   MBConv           out = x + chain(x)                             Output::residual
//   ResNet           out = relu(shortcut + chain(x))                Output::residual and post
//   head             out = mean over pixels of chain(x), float      Output::pooled
//
// Nothing here owns tensors: the caller passes pointers and keeps them alive during the call. Memory for
// intermediate values is in a Workspace, which only grows; steady state allocates nothing. One chain call at
// a time for a workspace.
//
// Results depend on the thread count (the order of sums) and on the instruction set, and on nothing else but
// what FoldedChain::run says of values that are no numbers.
//
// Errors: std::invalid_argument when a chain does not fit together, naming the unit.

#include <vector>

#include "types.h"
#include "workspace.h"

namespace singlepath::cpu {

// [quantizer ->] convolution (padding kernel / 2, odd kernel) -> BatchNorm or a bias -> activation.
struct Unit {
  Convolution convolution = Convolution::pointwise;
  int in_channels = 0;
  int out_channels = 0;  // = in_channels when depthwise
  int kernel = 1;
  int stride = 1;
  Activation activation = Activation::none;
  float epsilon = 1e-5f;

  // Row-major [out][in][kernel][kernel] ([out][1][kernel][kernel] when depthwise). Consecutive output
  // channels are `weight_stride` elements apart, so W[:out, :in] of a larger tensor is used in place.
  const float* weight = nullptr;
  long weight_stride = 0;

  const float* gamma = nullptr;  // null: BatchNorm without parameters (1 and 0)
  const float* beta = nullptr;

  // False: no BatchNorm; `beta` is the bias of the convolution.
  bool normalized = true;

  // What the convolution reads is quantized first.
  bool quantized = false;
  Quantizer quantizer{};  // bound, pact or lsq
  // The weights are multiples of this, -128 to 127 of it; 0: they are any. Levels are then multiplied as
  // integers where the processor can.
  float weight_step = 0;

  // Of a gate: units in a row that are so marked read the means over all pixels of the unit before them, x,
  // and the 1x1 unit behind them reads x times what they yield. They are 1x1 with stride 1, not normalized,
  // and compute in float32 whatever the storage.
  bool gate = false;
};

struct Chain {
  Storage storage = Storage::float32;
  int batch = 0;
  int height = 0;  // of the input
  int width = 0;
  std::vector<Unit> units;

  // A training pass keeps a copy of the channels that it reads, so that backward needs no Input::data: where
  // they are a part of a tensor, the rest of it need not wait for backward.
  bool keeps_input = false;
};

struct Input {
  const void* data = nullptr;  // first pixel, first channel of the slice
  long pixel_stride = 0;       // elements between pixels
  int channel_step = 1;        // elements between channels
};

struct Output {
  void* data = nullptr;  // first pixel, first channel of the slice; float [batch][channels] when pooled
  long pixel_stride = 0;
  bool pooled = false;

  Input residual;  // added behind the last activation; same size as the output. data null: none
  Activation post = Activation::none;  // behind the residual: none, relu or relu6

  Input pass;  // channels copied beside the chain, from an image of the output's size; data null: none
  int pass_channels = 0;
  void* pass_data = nullptr;  // first pixel, first channel; pixels as far apart as those of `data`
};

// Statistics of one unit's batch, out_channels floats each; null when not wanted. Units without BatchNorm
// have none.
struct BatchStatistics {
  float* mean = nullptr;
  float* variance = nullptr;           // biased, the one normalized with
  float* unbiased_variance = nullptr;  // for running statistics; of a single value 0
  long count = 0;                      // filled in: values per channel, images x pixels
};

// What evaluation folds into one unit's weights; unused for units without BatchNorm.
struct RunningStatistics {
  const float* mean = nullptr;
  const float* variance = nullptr;
};

// Where backward writes (overwrites) one unit's gradients; laid out like the parameters. gamma and beta may
// be null; without BatchNorm beta is the bias.
struct UnitGradients {
  float* weight = nullptr;
  long weight_stride = 0;
  float* gamma = nullptr;
  float* beta = nullptr;
  double* quantizer_scale = nullptr;  // null where the unit has no quantizer
};

// The outer gradients of backward. Strides are in elements; storage is the chain's.
struct ChainGradients {
  const void* output = nullptr;  // gradient of Output::data; float [batch][channels] when pooled
  long output_stride = 0;
  const void* pass = nullptr;  // gradient of Output::pass_data, pixels output_stride apart

  void* input = nullptr;  // of the first channel of Input; null: not wanted (first layer)
  long input_stride = 0;
  bool accumulate = false;     // add to `input` instead of writing it
  void* pass_input = nullptr;  // where the passed channels' gradient goes, like `input`

  // A residual that is the chain's own input gets its gradient as part of `input`. Any other residual's
  // gradient is `output` itself, or, behind `post`, written here.
  bool own_residual = false;
  void* residual = nullptr;
  long residual_stride = 0;
};

int output_height(const Chain& chain);
int output_width(const Chain& chain);

// Bytes of the memory a training pass keeps for backward (64-byte aligned, given by the caller).
std::size_t saved_bytes(const Chain& chain);

// Training pass. Writes the output, fills `saved`, and reports every unit's batch statistics when
// `statistics` is not null (one entry a unit).
void forward(const Chain& chain, const Input& input, const Output& output, void* saved,
             BatchStatistics* statistics, Workspace& workspace);

// The same output and statistics without keeping anything for backward.
void recalibrate(const Chain& chain, const Input& input, const Output& output, BatchStatistics* statistics,
                 Workspace& workspace);

// Gradients of the last forward with these arguments. Output::data is read only with a `post` activation,
// Input::data only where the chain does not keep it.
void backward(const Chain& chain, const Input& input, const Output& output, const void* saved,
              const ChainGradients& gradients, const UnitGradients* units, Workspace& workspace);

// A chain for evaluation: BatchNorm folded into weights packed once. Keeps no pointer to the chain's
// parameters.
class FoldedChain {
 public:
  FoldedChain(const Chain& chain, const RunningStatistics* statistics);

  // `batch` images of the chain's height and width. Where levels are multiplied as integers, a value that is
  // no number makes the results of images beside its own none, too.
  void run(int batch, const Input& input, const Output& output, Workspace& workspace) const;

 private:
  struct Folded {
    ArenaBlock weights;       // floats as the kernels want them
    std::vector<float> bias;  // padded
  };
  class Run;
  Chain chain_;
  std::vector<Folded> units_;
};

}  // namespace singlepath::cpu
