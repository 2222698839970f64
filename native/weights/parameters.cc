#include "weights/parameters.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/error.h"
#include "core/fnv.h"
#include "core/rng.h"
#include "core/sizes.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

// Normal values by Box-Muller on the counter-based stream.
at::Tensor normal(const ParameterSpec& spec, uint64_t seed) {
  at::Tensor tensor = at::empty(spec.shape, at::kFloat);
  // A stream of its own for each parameter, whatever the order of the list.
  RandomStream random(seed, Purpose::initialization, fnv1a(spec.name.data(), spec.name.size()));
  float* data = tensor.data_ptr<float>();
  const int64_t count = tensor.numel();
  for (int64_t i = 0; i < count; i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    const double angle = 2 * M_PI * random.uniform();
    data[i] = static_cast<float>(spec.mean + spec.std * radius * std::cos(angle));
    if (i + 1 < count) data[i + 1] = static_cast<float>(spec.mean + spec.std * radius * std::sin(angle));
  }
  return tensor;
}

at::Tensor initial(const ParameterSpec& spec, uint64_t seed) {
  if (spec.normal) return normal(spec, seed);
  if (spec.values.empty()) return at::full(spec.shape, spec.value, at::kFloat);
  at::Tensor tensor = at::empty(spec.shape, at::kFloat);
  if (tensor.numel() != static_cast<int64_t>(spec.values.size())) {
    throw Error("INVALID_SPACE", "Expected " + std::to_string(tensor.numel()) + " values for " + spec.name +
                                     " but received " + std::to_string(spec.values.size()));
  }
  std::copy(spec.values.begin(), spec.values.end(), tensor.data_ptr<float>());
  return tensor;
}

// Systems hand out more memory than they have and kill the process that fills it.
void check_fits(const std::vector<ParameterSpec>& parameters) {
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  double bytes = 0;
  for (const ParameterSpec& spec : parameters) {
    bytes += static_cast<double>(checked_product(spec.shape, spec.name)) * sizeof(float);
  }
  if (bytes <= memory) return;
  throw Error("INVALID_SPACE", "Expected weights that fit into this machine's " +
                                   std::to_string(static_cast<int64_t>(memory / 1e9)) +
                                   " GB of memory but they take " +
                                   std::to_string(static_cast<int64_t>(bytes / 1e9)) + " GB");
}

}  // namespace

ParameterStore::ParameterStore(const NetworkDescription& description, uint64_t seed, at::Device device) {
  at::NoGradGuard no_grad;
  check_fits(description.parameters);
  parameters_.reserve(description.parameters.size());
  for (const ParameterSpec& spec : description.parameters) {
    parameters_.push_back({spec.name, initial(spec, seed).to(device), {}, spec.trainable});
    by_name_.emplace(spec.name, &parameters_.back());
  }
  for (const Layer& layer : description.layers) {
    for (const Choice& choice : layer.choices) {
      for (const Node& node : choice.graph.nodes) {
        const NodeParameters& own = nodes_[&node] = {
#define SINGLEPATH_ROW(tensor) find(node.name + "." #tensor),
            SINGLEPATH_NODE_TENSORS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
        };
        for (Parameter* scale : {own.alpha, own.step}) {
          if (scale == nullptr) continue;
          scale->positive = true;
          scale->value.clamp_min_(kLeastScale);
        }
      }
    }
  }
  if (computes_aside(device)) gather_running_averages(device);
}

void ParameterStore::gather_running_averages(at::Device device) {
  std::unordered_set<Parameter*> buffers;
  int64_t count = 0;
  for (const auto& [node, own] : nodes_) {
    for (Parameter* buffer : {own.running_mean, own.running_var}) {
      if (buffer != nullptr && buffers.insert(buffer).second) count += buffer->value.numel();
    }
  }
  if (count == 0) return;
  running_averages_ = at::empty({count}, at::TensorOptions(device).dtype(at::kFloat));
  int64_t offset = 0;
  for (Parameter* buffer : buffers) {
    // Not a view: autograd would take a change of one buffer for a change of all.
    at::Tensor part = at::empty({0}, running_averages_.options());
    part.set_(running_averages_.storage(), offset, buffer->value.sizes(), {1});
    offset += part.numel();
    buffer->value = part.copy_(buffer->value);
  }
}

Parameter* ParameterStore::find(const std::string& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

at::Tensor Slice::of(const at::Tensor& tensor) const {
  at::Tensor view = tensor;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const int64_t start = d == 0 ? first : 0;
    if (start + sizes[d] > view.size(d)) {
      throw Error("INVALID_ARGUMENT", "Expected at most " + std::to_string(view.size(d) - start) +
                                          " in dimension " + std::to_string(d) +
                                          " of a weight but received " + std::to_string(sizes[d]));
    }
    if (sizes[d] < view.size(d)) view = view.narrow(d, start, sizes[d]);
  }
  return view;
}

const at::Tensor& ActivePath::leaf(Parameter& parameter, const Slice& slice) {
  const auto [entry, fresh] = index_.try_emplace(&parameter, leaves_.size());
  if (fresh) {
    at::Tensor view = slice.of(parameter.value).detach();
    view.set_requires_grad(true);
    leaves_.push_back({&parameter, slice, view});
  }
  return leaves_[entry->second].view;
}

void ActivePath::add(const std::vector<Leaf>& leaves) {
  for (const Leaf& leaf : leaves) {
    index_.emplace(leaf.parameter, leaves_.size());
    leaves_.push_back(leaf);
  }
}

void ActivePath::accumulate(const std::vector<Leaf>& leaves) {
  at::NoGradGuard no_grad;
  // The first gradients are copied into one piece of memory, later ones added to theirs: a launch or two
  // each.
  std::vector<at::Tensor> first, sums, later, rows;
  for (const Leaf& other : leaves) {
    const at::Tensor& own = leaf(*other.parameter, other.slice);
    const at::Tensor& gradient = other.view.grad();
    if (!gradient.defined()) continue;
    if (own.grad().defined()) {
      sums.push_back(own.grad());
      later.push_back(gradient);
    } else {
      first.push_back(own);
      rows.push_back(gradient.reshape(-1));
    }
  }
  if (!sums.empty()) at::_foreach_add_(sums, later);
  if (rows.empty()) return;
  const at::Tensor row = at::cat(rows);
  int64_t place = 0;
  for (at::Tensor& own : first) {
    own.mutable_grad() = row.narrow(0, place, own.numel()).view(own.sizes());
    place += own.numel();
  }
}

}  // namespace singlepath
