// The BatchNorm statistics of one path, written into the buffers.
#pragma once

#include "evaluate/population.h"

namespace singlepath {

// Of `settings`, how layers run. Throws ABORTED when cancelled; then the buffers are as before.
void recalibrate_path(const NetworkDescription& network, ParameterStore& parameters,
                      const Architecture& architecture, const std::vector<BatchPtr>& batches,
                      const PopulationSettings& settings, const Cancellation& cancellation);

}  // namespace singlepath
