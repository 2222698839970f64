// The block compiler: finds, in the op graph of a layer, what the fused CPU kernels (ops/cpu/chain.h) can run
// as one piece, and leaves the rest to the op-by-op walk.
//
// A unit is conv2d -> batchNorm [-> activation] where nothing else uses the values in between; the
// convolution is 1x1 (in one or two groups), depthwise or k x k over all channels, with odd kernel, "same"
// padding and no bias. So is a 1x1 convolution with stride 1 and a bias [-> activation]. Units in a row form
// a chain, and what stands around it is taken in:
//
//   feature quantizer in front of a unit, which alone reads it
//   channel shuffle between units     the unit in front computes its channels in that order
//   gate in front of a 1x1 unit       x * gate(x pooled to 1x1), multiplied while reading; the gate's units
//                                     are 1x1 convolutions [-> activation] (squeeze-and-excite)
//   slice or split in front           read by stride
//   concat of chains and slices       every chain writes its channels; a slice is copied (ShuffleNet)
//   add behind [-> relu, relu6]       residual (MBConv, ResNet)
//   average pool to 1x1 behind        summed while reading (last convolution)
//
// Results agree with the op-by-op walk up to rounding: in fp32 2e-5 of the largest value for outputs and
// gradients of a block. Rounding may move a value that lies at the edge of a quantizer's level to the next.
#pragma once

#include "graph/graph.h"

namespace singlepath {

struct FusedUnit {
  const Node* conv;                 // null: a BatchNorm without one, where convolutions run op by op
  const Node* norm;                 // null: the convolution may have a bias instead
  const Node* activation;           // null: none
  bool gate = false;                // of a gate on the unit before it and its like
  const Node* shuffle = nullptr;    // of its output's channels; null: none
  const Node* quantizer = nullptr;  // of what the convolution reads; null: none
};

// One input of a concat (or the only part of a block): channels taken from the block's input, then a chain.
struct FusedPart {
  const Node* take = nullptr;    // slice or split; null: all channels
  std::vector<FusedUnit> units;  // empty: passed through
};

struct FusedBlock {
  std::vector<FusedPart> parts;  // in concat order, at most one without units
  bool residual = false;         // added to the one part; the step's second input, which may be its first
  Activation post = Activation::none;  // behind the residual
  bool pooled = false;
};

// One step of the walk: a node op by op, or a block.
struct FusionStep {
  const Node* node = nullptr;  // null: the block
  FusedBlock block;
  std::vector<int32_t> inputs;  // value indices, as in Node
  int32_t output = 0;
};

enum class Fusion {
  none,       // one step a node
  norms,      // blocks of one unit: a BatchNorm and the activation behind it
  pointwise,  // as norms, and first 1x1 convolutions of stride 1, with their BatchNorm and a ReLU behind
  blocks      // all that the fused kernels of a CPU run
};

// The steps that compute the graph's last value, in order.
std::vector<FusionStep> plan_steps(const Graph& graph, Fusion fusion);

}  // namespace singlepath
