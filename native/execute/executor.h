// Runs one graph, one layer, or one whole path. The op-by-op ATen walk is the reference; a layer whose graph
// the block compiler (graph/fusion.h) recognizes runs through fused kernels instead, with the same results
// within the tolerances stated there.
#pragma once

#include <ATen/core/Tensor.h>

#include "weights/execution.h"

namespace singlepath {

// x: [N, C, H, W], channels_last. Returns the value of the last node (x itself for the identity).
at::Tensor run_graph(const Graph& graph, const at::Tensor& x, const Execution& execution);

// The chosen graph of one layer.
at::Tensor run_layer(const Layer& layer, const at::Tensor& x, const Execution& execution);

// All layers: images -> logits [N, classes] in float32.
at::Tensor run_path(const NetworkDescription& network, const at::Tensor& images, const Execution& execution);

}  // namespace singlepath
