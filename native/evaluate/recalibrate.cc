#include "evaluate/recalibrate.h"

#include <ATen/core/grad_mode.h>

#include <limits>

#include "data/later.h"
#include "execute/executor.h"
#include "execute/images.h"

namespace singlepath {

void recalibrate_path(const NetworkDescription& network, ParameterStore& parameters,
                      const Architecture& architecture, const std::vector<BatchPtr>& batches,
                      const PopulationSettings& settings, const Cancellation& cancellation) {
  at::NoGradGuard no_grad;
  StatisticsMap statistics;
  std::vector<LayerStatistics> rows(network.layers.size());
  QuantizedWeights quantized_weights(std::numeric_limits<int64_t>::max());  // of one path
  each_batch(batches, [&](const Batch& batch) {
    cancellation.check();
    at::Tensor x = images_of(batch, settings.device, settings.storage, /*keep=*/true);
    if (settings.recorded == nullptr) {
      Execution execution{architecture, parameters, Mode::calibrate, nullptr, &statistics, settings.fused};
      execution.quantized_weights = &quantized_weights;
      run_path(network, x, execution);
      return;
    }
    for (size_t layer = 0; layer < rows.size(); ++layer)
      x = settings.recorded->run(layer, architecture, x, Mode::calibrate, &rows[layer]);
  });
  for (auto& [node, own] : statistics) own.finish();
  if (settings.recorded != nullptr) {
    std::vector<LayerStatistics*> all;
    for (LayerStatistics& own : rows) all.push_back(&own);
    settings.recorded->merge(all);
    for (const LayerStatistics& own : rows)
      statistics.merge(LayerStatistics::views_of(own.parts, own.merged));
  }
  for (const auto& [node, own] : statistics) {
    const NodeParameters& buffers = parameters.of(*node);
    const Slice slice{{own.mean.size(0)}};
    slice.of(buffers.running_mean->value).copy_(own.mean);
    slice.of(buffers.running_var->value).copy_(own.var);
  }
}

}  // namespace singlepath
