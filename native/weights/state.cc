#include "weights/state.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/error.h"

namespace singlepath {
namespace {

// Momentum of parameter `name` in checkpoints.
const std::string kOptimizerPrefix = "optimizer.";

constexpr const char* kOtherSpace = "use the space, input size and classes it was trained with";

bool is_momentum(const TensorEntry& entry) {
  return entry.name.compare(0, kOptimizerPrefix.size(), kOptimizerPrefix) == 0;
}

void check_values(const TensorEntry& entry, bool positive) {
  for (size_t i = 0; i < entry.data.size(); ++i) {
    const float value = entry.data[i];
    if (std::isfinite(value) && !(positive && value <= 0)) continue;
    throw Error("INVALID_CHECKPOINT",
                std::string("Expected ") + (positive ? "positive" : "finite") + " numbers in tensor '" +
                    entry.name + "' but received " + std::to_string(value) + " at position " +
                    std::to_string(i),
                "these weights are of a training that diverged, or damaged: take an earlier checkpoint");
  }
}

}  // namespace

std::vector<TensorEntry> state_of(ParameterStore& parameters) {
  std::vector<TensorEntry> entries;
  for (const Parameter& parameter : parameters.all()) {
    entries.push_back(entry_of(parameter.name, parameter.value));
    if (parameter.momentum.defined()) {
      entries.push_back(entry_of(kOptimizerPrefix + parameter.name, parameter.momentum));
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; });
  return entries;
}

void load_state(ParameterStore& parameters, const std::vector<TensorEntry>& entries) {
  at::NoGradGuard no_grad;
  std::vector<Parameter*> targets;  // all are checked before any is written
  for (const TensorEntry& entry : entries) {
    Parameter* parameter =
        parameters.find(is_momentum(entry) ? entry.name.substr(kOptimizerPrefix.size()) : entry.name);
    if (parameter == nullptr)
      throw Error("INVALID_CHECKPOINT", "Unknown tensor '" + entry.name + "'", kOtherSpace);
    if (parameter->value.sizes() != at::IntArrayRef(entry.shape) ||
        parameter->value.numel() != static_cast<int64_t>(entry.data.size())) {
      std::ostringstream message;
      message << "Expected shape " << parameter->value.sizes() << " for tensor '" << entry.name
              << "' but received " << at::IntArrayRef(entry.shape);
      throw Error("INVALID_CHECKPOINT", message.str(), kOtherSpace);
    }
    check_values(entry, parameter->positive && !is_momentum(entry));
    targets.push_back(parameter);
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    at::Tensor& momentum = targets[i]->momentum;
    if (!is_momentum(entries[i])) {
      copy_into(targets[i]->value, entries[i]);
      continue;
    }
    if (!momentum.defined()) momentum = at::empty_like(targets[i]->value);
    copy_into(momentum, entries[i]);
  }
}

}  // namespace singlepath
