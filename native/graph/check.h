// Whether a network description holds together, looked at once, before anything is built from it.
#pragma once

#include "graph/graph.h"

namespace singlepath {

// Throws INVALID_SPACE naming the layer, node or parameter: genes and their values, the wiring, settings of
// ops, and that every parameter an op reads is there with a shape it can be. What depends on the images' size
// is checked when a batch runs.
void check_description(const NetworkDescription& network);

}  // namespace singlepath
