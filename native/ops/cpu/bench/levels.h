#pragma once

#include "../workspace.h"

namespace singlepath::cpu {

// Convolutions of ResNet-18 between levels and weights that are levels, forward, beside those of floats: on
// one thread and on all, weights packed before.
void measure_levels(Workspace& workspace);

}  // namespace singlepath::cpu
