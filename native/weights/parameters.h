// The shared weights of a supernet, each at its largest size, and the views of them one path uses.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace singlepath {

struct Parameter {
  std::string name;
  at::Tensor value;
  at::Tensor momentum;  // of the optimizer; undefined until the first step that uses the parameter
  bool trainable = true;
  bool positive = false;  // a quantizer's step or bound: never below kLeastScale
};

// Quantizers divide by their step or bound, and one below 0 would turn signs around. Far below any useful
// value: features and weights are of the order of 1.
constexpr double kLeastScale = 1e-6;

// Every tensor that a node may have, by the last part of its name in src/graph/ops/. alpha: PACT's bound, one
// per bits value; step: LSQ's step size, one per bits value.
#define SINGLEPATH_NODE_TENSORS(X) X(weight) X(bias) X(running_mean) X(running_var) X(alpha) X(step)

// The tensors of one node; absent ones are null.
struct NodeParameters {
#define SINGLEPATH_ROW(name) Parameter* name = nullptr;
  SINGLEPATH_NODE_TENSORS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
};

// The part of a parameter a path uses: value[first : first + sizes[0], : sizes[1]], a view.
struct Slice {
  std::vector<int64_t> sizes;
  int64_t first = 0;

  at::Tensor of(const at::Tensor& tensor) const;
};

class ParameterStore {
 public:
  // Allocates and fills every parameter; values are a function of (seed, name), not of the order of the list.
  ParameterStore(const NetworkDescription& description, uint64_t seed, at::Device device);

  // Parameters live as long as the store and do not move.
  const NodeParameters& of(const Node& node) const { return nodes_.at(&node); }
  std::vector<Parameter>& all() { return parameters_; }
  // Null where there is none.
  Parameter* find(const std::string& name);
  // On a device that computes aside: the memory of all running_mean and running_var, one after another; else
  // undefined, as where there are none.
  const at::Tensor& running_averages() const { return running_averages_; }

 private:
  // Moves them into one block.
  void gather_running_averages(at::Device device);

  std::vector<Parameter> parameters_;
  std::unordered_map<std::string, Parameter*> by_name_;
  std::unordered_map<const Node*, NodeParameters> nodes_;
  at::Tensor running_averages_;
};

// The parameters of the running step: leaves that alias the part of each parameter the path uses. Autograd
// fills their gradients; nothing off the path, and nothing outside a slice, is touched.
class ActivePath {
 public:
  struct Leaf {
    Parameter* parameter;
    Slice slice;
    at::Tensor view;  // requires_grad; shares memory with slice.of(parameter->value)
  };

  // The leaf for this part of the parameter; the same one when asked again in this step.
  const at::Tensor& leaf(Parameter& parameter, const Slice& slice);
  // Leaves made elsewhere, of parameters that have none here yet.
  void add(const std::vector<Leaf>& leaves);
  // Adds copies of the gradients of leaves made elsewhere to those of the leaves here.
  void accumulate(const std::vector<Leaf>& leaves);
  std::vector<Leaf>& leaves() { return leaves_; }

 private:
  std::vector<Leaf> leaves_;
  std::unordered_map<const Parameter*, size_t> index_;
};

}  // namespace singlepath
