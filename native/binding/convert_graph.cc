// The op graph from JavaScript: src/graph/graph.ts to graph/graph.h.
#include <map>

#include "binding/convert.h"
#include "binding/options.h"
#include "core/error.h"
#include "graph/check.h"

namespace singlepath {
namespace {

const std::map<std::string, Op> kOps = {
#define SINGLEPATH_ROW(name, text) {text, Op::name},
    SINGLEPATH_OPS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
};
const std::map<std::string, Activation> kActivations = {
#define SINGLEPATH_ROW(name, formula) {#name, Activation::name},
    SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
};
const std::map<std::string, Quantizer> kQuantizers = {
    {"dorefa", Quantizer::dorefa}, {"lsq", Quantizer::lsq}, {"pact", Quantizer::pact}};

template <class Value>
Value look_up(const std::map<std::string, Value>& known, const std::string& name, const std::string& what) {
  const auto found = known.find(name);
  if (found == known.end()) throw Error("INVALID_SPACE", "Unknown " + what + " '" + name + "'");
  return found->second;
}

Dim to_dim(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (value.IsNumber()) return {-1, get_integer(object, name), {}};
  const Napi::Object choice = get_object(object, name);
  return {static_cast<int32_t>(get_integer(choice, "gene", 0, INT32_MAX)), 0, get_integers(choice, "values")};
}

// Every field that the object has, whatever its op: src/graph/ops/ says which op has which.
void read_fields(const Napi::Object& object, Node& node) {
  const auto quantizer = [&](const Napi::Object& settings) {
    node.quantizer = look_up(kQuantizers, get_string(settings, "method"), "quantizer");
    node.bits = to_dim(settings, "bits");
  };
  // clang-format off
  const OptionTable table = {
      {"kernel", &node.kernel},
      {"stride", &node.stride},
      {"padding", &node.padding},
      {"bias", &node.bias},
      {"affine", &node.affine},
      {"eps", &node.eps},
      {"momentum", &node.momentum},
      {"parts", &node.parts},
      {"index", &node.index},
      {"start", &node.start},
      {"step", &node.step},
      {"end", &node.end},
      {"size", &node.size},
      {"p", &node.p},
  };
  // clang-format on
  read_present(object, table);
  node.depthwise = has(object, "groups") && get(object, "groups").IsString();
  if (!node.depthwise) read_present(object, {{"groups", &node.groups}});
  if (has(object, "out")) node.out = to_dim(object, "out");
  if (has(object, "function"))
    node.activation = look_up(kActivations, get_string(object, "function"), "activation");
  if (has(object, "weightQuantizer")) quantizer(get_object(object, "weightQuantizer"));
  if (has(object, "method")) quantizer(object);
}

Node to_node(const Napi::Object& object) {
  Node node{};
  node.op = look_up(kOps, get_string(object, "op"), "op");
  node.name = get_string(object, "name");
  for (const int64_t input : get_integers(object, "inputs"))
    node.inputs.push_back(input < 0 || input > INT32_MAX ? -1 : static_cast<int32_t>(input));
  read_fields(object, node);
  return node;
}

Graph to_graph(const Napi::Object& object) {
  Graph graph;
  const Napi::Array nodes = get_array(object, "nodes");
  for (uint32_t i = 0; i < nodes.Length(); ++i) {
    graph.nodes.push_back(to_node(to_object(nodes.Get(i), "node " + std::to_string(i))));
  }
  return graph;
}

ParameterSpec to_parameter(const Napi::Object& object) {
  ParameterSpec spec;
  spec.name = get_string(object, "name");
  spec.shape = get_integers(object, "shape");
  spec.trainable = get_boolean(object, "trainable");
  const Napi::Object init = get_object(object, "init");
  const std::string kind = get_string(init, "kind");
  spec.normal = kind == "normal";
  if (spec.normal) {
    spec.mean = get_number(init, "mean");
    spec.std = get_number(init, "std");
  } else if (kind == "values") {
    spec.values = get_numbers(init, "values");
  } else {
    spec.value = get_number(init, "value");
  }
  return spec;
}

}  // namespace

NetworkDescription to_network_description(const Napi::Object& object) {
  NetworkDescription network;
  const Napi::Array layers = get_array(object, "layers");
  for (uint32_t i = 0; i < layers.Length(); ++i) {
    const Napi::Object source = to_object(layers.Get(i), "layer " + std::to_string(i));
    Layer layer{
        get_string(source, "name"), static_cast<int32_t>(get_integer(source, "gene", -1, INT32_MAX)), {}, {}};
    const Napi::Array choices = get_array(source, "choices");
    for (uint32_t j = 0; j < choices.Length(); ++j) {
      const Napi::Object choice = to_object(choices.Get(j), "choice " + std::to_string(j));
      layer.choices.push_back({get_string(choice, "name"), to_graph(get_object(choice, "graph"))});
    }
    network.layers.push_back(std::move(layer));
  }
  const Napi::Array genes = get_array(object, "genes");
  const auto last = static_cast<int64_t>(network.layers.size()) - 1;
  for (uint32_t i = 0; i < genes.Length(); ++i) {
    const Napi::Object gene = to_object(genes.Get(i), "gene " + std::to_string(i));
    network.gene_sizes.push_back(static_cast<int32_t>(get_integer(gene, "size", 1, INT32_MAX)));
    network.layers[get_integer(gene, "layer", 0, last)].genes.push_back(static_cast<int32_t>(i));
  }
  const Napi::Array parameters = get_array(object, "parameters");
  for (uint32_t i = 0; i < parameters.Length(); ++i) {
    network.parameters.push_back(
        to_parameter(to_object(parameters.Get(i), "parameter " + std::to_string(i))));
  }
  check_description(network);
  return network;
}

}  // namespace singlepath
