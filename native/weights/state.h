// The state of training as named tensors: parameters, buffers and momenta.
#pragma once

#include <vector>

#include "weights/parameters.h"
#include "weights/tensor_entry.h"

namespace singlepath {

// Copies of all, sorted by name; the momentum of parameter `name` is `optimizer.<name>`.
std::vector<TensorEntry> state_of(ParameterStore& parameters);

// Replaces tensors by name. Throws INVALID_CHECKPOINT, before any is written, for an unknown name, another
// shape, or a number that is not finite (not positive, where it has to be).
void load_state(ParameterStore& parameters, const std::vector<TensorEntry>& entries);

}  // namespace singlepath
