#include "graph/check.h"

#include <algorithm>
#include <unordered_map>

#include "core/error.h"
#include "core/sizes.h"

namespace singlepath {
namespace {

// Kernels count channels and pixels in 32 bits.
constexpr int64_t kLargestDim = 1 << 24;

class DescriptionCheck {
 public:
  explicit DescriptionCheck(const NetworkDescription& network) : network_(network) {}

  void run() {
    for (size_t i = 0; i < network_.gene_sizes.size(); ++i)
      range(network_.gene_sizes[i], 1, kLargestDim, "the size of gene " + std::to_string(i));
    for (const ParameterSpec& spec : network_.parameters) check_parameter(spec);
    if (network_.layers.empty()) wrong("at least one layer", "the network", "none");
    for (const Layer& layer : network_.layers) check_layer(layer);
  }

 private:
  [[noreturn]] static void wrong(const std::string& what, const std::string& where, const std::string& got) {
    throw Error("INVALID_SPACE", "Expected " + what + " for " + where + " but received " + got);
  }

  static void range(int64_t value, int64_t least, int64_t most, const std::string& where) {
    if (value >= least && value <= most) return;
    wrong("an integer from " + std::to_string(least) + " to " + std::to_string(most), where,
          std::to_string(value));
  }

  void check_parameter(const ParameterSpec& spec) {
    const int64_t elements = checked_product(spec.shape, "parameter '" + spec.name + "'");
    if (elements < 1) wrong("at least one element", "parameter '" + spec.name + "'", "none");
    if (!spec.values.empty() && static_cast<int64_t>(spec.values.size()) != elements) {
      wrong(std::to_string(elements) + " values", "parameter '" + spec.name + "'",
            std::to_string(spec.values.size()));
    }
    if (!parameters_.emplace(spec.name, &spec).second)
      wrong("distinct names", "the parameters", "'" + spec.name + "' twice");
  }

  void check_layer(const Layer& layer) {
    const std::string where = "layer '" + layer.name + "'";
    layer_ = &layer;
    const auto choices = static_cast<int64_t>(layer.choices.size());
    if (layer.gene == -1) {
      range(choices, 1, 1, "the choices of " + where + ", which has no gene");
    } else {
      const int64_t size = gene_size(layer.gene, where);
      range(choices, size, size, "the choices of " + where);
    }
    for (const Choice& choice : layer.choices) {
      for (const Node& node : choice.graph.nodes) check_node(node, &node - choice.graph.nodes.data());
    }
  }

  int64_t gene_size(int32_t gene, const std::string& where) const {
    range(gene, 0, static_cast<int64_t>(network_.gene_sizes.size()) - 1, "the gene of " + where);
    // Evaluation shares what layers have in common by their genes.
    const std::vector<int32_t>& own = layer_->genes;
    if (std::find(own.begin(), own.end(), gene) == own.end())
      wrong("a gene of layer '" + layer_->name + "'", where, std::to_string(gene));
    return network_.gene_sizes[gene];
  }

  void check_dim(const Dim& dim, int64_t most, const std::string& where) const {
    if (dim.gene == -1) return range(dim.fixed, 1, most, where);
    const auto values = static_cast<int64_t>(dim.values.size());
    const int64_t size = gene_size(dim.gene, where);
    range(values, size, size, "the number of values of " + where);
    for (const int64_t value : dim.values) range(value, 1, most, where);
  }

  static int64_t largest(const Dim& dim) {
    int64_t most = dim.fixed;
    for (const int64_t value : dim.values) most = std::max(most, value);
    return most;
  }

  // The parameter `node.name + suffix`, of so many dimensions and at least `least` rows.
  const ParameterSpec& parameter(const Node& node, const char* suffix, size_t dims, int64_t least) const {
    const std::string name = node.name + suffix;
    const auto found = parameters_.find(name);
    if (found == parameters_.end()) wrong("the parameter '" + name + "'", "node '" + node.name + "'", "none");
    const std::vector<int64_t>& shape = found->second->shape;
    if (shape.size() != dims)
      wrong(std::to_string(dims) + " dimensions", "parameter '" + name + "'", std::to_string(shape.size()));
    range(shape[0], least, kMostElements, "dimension 0 of parameter '" + name + "'");
    return *found->second;
  }

  void check_bits(const Node& node, const char* scale) const {
    check_dim(node.bits, 32, "the bits of node '" + node.name + "'");
    if (scale != nullptr)
      parameter(node, scale, 1, std::max<int64_t>(1, static_cast<int64_t>(node.bits.values.size())));
  }

  void check_conv2d(const Node& node, const std::string& where) const {
    range(node.kernel, 1, kLargestDim, "the kernel of " + where);
    range(node.stride, 1, kLargestDim, "the stride of " + where);
    range(node.padding, 0, kLargestDim, "the padding of " + where);
    range(node.groups, 1, kLargestDim, "the groups of " + where);
    if (!node.depthwise) check_dim(node.out, kLargestDim, "the output channels of " + where);
    const int64_t out = node.depthwise ? 1 : largest(node.out);
    const std::vector<int64_t>& weight = parameter(node, ".weight", 4, out).shape;
    for (const size_t d : {2, 3})
      range(weight[d], node.kernel, node.kernel, "the window of the weight of " + where);
    if (node.bias) parameter(node, ".bias", 1, out);
    if (node.quantizer == Quantizer::pact) wrong("dorefa or lsq", "the weights of " + where, "pact");
    if (node.quantizer != Quantizer::none)
      check_bits(node, node.quantizer == Quantizer::lsq ? ".step" : nullptr);
  }

  void check_batch_norm(const Node& node, const std::string& where) const {
    if (!(node.eps > 0)) wrong("a positive number", "the eps of " + where, std::to_string(node.eps));
    if (!(node.momentum >= 0 && node.momentum <= 1))
      wrong("a number from 0 to 1", "the momentum of " + where, std::to_string(node.momentum));
    for (const char* buffer : {".running_mean", ".running_var"}) parameter(node, buffer, 1, 1);
    if (!node.affine) return;
    for (const char* scale : {".weight", ".bias"}) parameter(node, scale, 1, 1);
  }

  void check_node(const Node& node, int64_t index) const {
    const std::string where = "node '" + node.name + "'";
    const bool joins = node.op == Op::concat || node.op == Op::add || node.op == Op::multiply;
    range(static_cast<int64_t>(node.inputs.size()), 1, joins ? kLargestDim : 1, "the inputs of " + where);
    for (const int32_t input : node.inputs) {
      if (input < 0 || input > index)
        wrong("values before it in the graph", "the inputs of " + where, std::to_string(input));
    }
    switch (node.op) {
      case Op::conv2d:
        return check_conv2d(node, where);
      case Op::batch_norm:
        return check_batch_norm(node, where);
      case Op::channel_shuffle:
        return range(node.groups, 1, kLargestDim, "the groups of " + where);
      case Op::split:
        range(node.parts, 1, kLargestDim, "the parts of " + where);
        return range(node.index, 0, node.parts - 1, "the part of " + where);
      case Op::slice:
        range(node.start, 0, kLargestDim, "the start of " + where);
        range(node.step, 1, kLargestDim, "the step of " + where);
        if (node.end != -1) range(node.end, node.start + 1, kLargestDim, "the end of " + where);
        return;
      case Op::adaptive_average_pool:
        return range(node.size, 1, kLargestDim, "the size of " + where);
      case Op::max_pool:
        range(node.kernel, 1, kLargestDim, "the kernel of " + where);
        range(node.stride, 1, kLargestDim, "the stride of " + where);
        return range(node.padding, 0, node.kernel / 2, "the padding of " + where);
      case Op::dropout:
        if (!(node.p >= 0 && node.p < 1))
          wrong("a probability below 1", "the dropout of " + where, std::to_string(node.p));
        return;
      case Op::linear:
        check_dim(node.out, kLargestDim, "the output features of " + where);
        parameter(node, ".weight", 2, largest(node.out));
        if (node.bias) parameter(node, ".bias", 1, largest(node.out));
        return;
      case Op::fake_quantize:
        if (node.quantizer != Quantizer::pact && node.quantizer != Quantizer::lsq)
          wrong("pact or lsq", "the features of " + where, "another method");
        return check_bits(node, node.quantizer == Quantizer::pact ? ".alpha" : ".step");
      case Op::activation:
      case Op::concat:
      case Op::add:
      case Op::multiply:
        return;
    }
  }

  const NetworkDescription& network_;
  const Layer* layer_ = nullptr;  // the one being checked
  std::unordered_map<std::string, const ParameterSpec*> parameters_;
};

}  // namespace

void check_description(const NetworkDescription& network) {
  DescriptionCheck(network).run();
}

}  // namespace singlepath
