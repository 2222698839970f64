// The op graph, mirroring src/graph/graph.ts and src/graph/ops/. Plain structs: no torch, no N-API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/activation.h"

namespace singlepath {

using Architecture = std::vector<int32_t>;

// A number that is fixed or chosen by a gene.
struct Dim {
  int32_t gene = -1;  // -1: fixed
  int64_t fixed = 0;
  std::vector<int64_t> values;

  int64_t at(const Architecture& architecture) const { return gene < 0 ? fixed : values[architecture[gene]]; }
  // Which of `values` that is; of a fixed one the only.
  int32_t option(const Architecture& architecture) const { return gene < 0 ? 0 : architecture[gene]; }
};

// Every op: its name here, and the one in src/graph/ops/index.ts. Feeds the enumeration, what the binding
// reads, and the dispatch (ops/op.cc), which calls the function of that name.
#define SINGLEPATH_OPS(X)                         \
  X(conv2d, "conv2d")                             \
  X(batch_norm, "batchNorm")                      \
  X(activation, "activation")                     \
  X(channel_shuffle, "channelShuffle")            \
  X(split, "split")                               \
  X(slice, "slice")                               \
  X(concat, "concat")                             \
  X(add, "add")                                   \
  X(multiply, "multiply")                         \
  X(adaptive_average_pool, "adaptiveAveragePool") \
  X(max_pool, "maxPool")                          \
  X(dropout, "dropout")                           \
  X(linear, "linear")                             \
  X(fake_quantize, "fakeQuantize")

enum class Op {
#define SINGLEPATH_ROW(name, text) name,
  SINGLEPATH_OPS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
};

enum class Quantizer { none, dorefa, lsq, pact };

// One struct for all ops; each op reads its own fields (see src/graph/ops/ for their meaning).
struct Node {
  Op op;
  std::string name;
  std::vector<int32_t> inputs;  // value indices: 0 is the input of the graph, node i yields value i + 1

  Dim out;                 // conv2d, linear; unset (fixed 0) keeps the input's channels
  int64_t kernel = 1;      // conv2d, max_pool
  int64_t stride = 1;      // conv2d, max_pool
  int64_t padding = 0;     // conv2d, max_pool
  int64_t groups = 1;      // conv2d, channel_shuffle
  bool depthwise = false;  // conv2d: groups = channels
  bool bias = false;       // conv2d, linear
  double eps = 1e-5;       // batch_norm
  double momentum = 0.1;   // batch_norm
  bool affine = true;      // batch_norm
  Activation activation = Activation::none;
  Quantizer quantizer = Quantizer::none;  // conv2d: of its weights; fake_quantize: of features
  Dim bits;
  int64_t parts = 1, index = 0;           // split
  int64_t start = 0, step = 1, end = -1;  // slice; end -1: all
  int64_t size = 1;                       // adaptive_average_pool
  double p = 0;                           // dropout
};

struct Graph {
  std::vector<Node> nodes;
};

struct Choice {
  std::string name;
  Graph graph;
};

struct Layer {
  std::string name;
  int32_t gene = -1;  // block gene; -1: the only choice
  std::vector<Choice> choices;
  std::vector<int32_t> genes;  // all that the layer depends on, ascending: each gene belongs to one layer

  const Graph& chosen(const Architecture& architecture) const {
    return choices[gene < 0 ? 0 : architecture[gene]].graph;
  }
};

struct ParameterSpec {
  std::string name;
  std::vector<int64_t> shape;
  bool normal = false;         // else constant
  std::vector<double> values;  // where not empty, one per element
  double mean = 0, std = 0, value = 0;
  bool trainable = true;
};

struct NetworkDescription {
  std::vector<Layer> layers;
  std::vector<int32_t> gene_sizes;
  std::vector<ParameterSpec> parameters;
};

}  // namespace singlepath
