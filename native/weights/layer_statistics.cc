#include "weights/layer_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

namespace singlepath {

std::vector<LayerStatistics::Part> LayerStatistics::parts_of(const Graph& graph, StatisticsMap& map,
                                                             int64_t count) {
  std::vector<Part> parts;
  for (const Node& node : graph.nodes) {
    if (node.op != Op::batch_norm) continue;
    const PooledStatistics& own = map.at(&node);
    parts.push_back({&node, own.put_aside().first.numel(), own.count / std::max<int64_t>(1, count)});
  }
  return parts;
}

std::vector<at::Tensor> LayerStatistics::pieces_of(const std::vector<Part>& parts, StatisticsMap& map) {
  std::vector<at::Tensor> pieces;
  for (const Part& part : parts) pieces.push_back(map.at(part.node).put_aside().first);
  for (const Part& part : parts) pieces.push_back(map.at(part.node).put_aside().second);
  return pieces;
}

StatisticsMap LayerStatistics::views_of(const std::vector<Part>& parts, const at::Tensor& row) {
  StatisticsMap map;
  int64_t place = 0;
  for (const Part& part : parts) {
    PooledStatistics& own = map[part.node];
    own.mean = row[0].narrow(0, place, part.channels);
    own.var = row[1].narrow(0, place, part.channels);
    place += part.channels;
  }
  return map;
}

void merge_statistics(const std::vector<LayerStatistics*>& all) {
  at::NoGradGuard no_grad;
  std::vector<LayerStatistics*> filled;
  std::vector<double> pixels_of_channels;
  for (LayerStatistics* own : all) {
    if (own->batches.empty()) continue;
    filled.push_back(own);
    for (const LayerStatistics::Part& part : own->parts)
      pixels_of_channels.insert(pixels_of_channels.end(), static_cast<size_t>(part.channels),
                                static_cast<double>(part.pixels));
  }
  if (filled.empty()) return;
  const std::vector<int64_t>& images = filled.front()->images;
  const at::Tensor& like = filled.front()->batches.front();
  // [2, channels of all] of one batch, in float64.
  const auto batch_of = [&](size_t batch) {
    std::vector<at::Tensor> rows;
    for (const LayerStatistics* own : filled) rows.push_back(own->batches[batch]);
    return at::cat(rows, 1).to(at::kDouble);
  };
  double count = 0;
  for (const int64_t own : images) count += static_cast<double>(own);
  const at::Tensor pixels =
      at::tensor(pixels_of_channels, at::kDouble).to(like.device(), /*non_blocking=*/true);

  std::vector<at::Tensor> rows;
  at::Tensor mean;
  for (size_t batch = 0; batch < images.size(); ++batch) {
    rows.push_back(batch_of(batch));
    const at::Tensor share = rows.back()[0] * (static_cast<double>(images[batch]) / count);
    mean = batch == 0 ? share : mean + share;
  }
  at::Tensor squares;  // squared deviations: within each batch, and of the batches' means
  for (size_t batch = 0; batch < images.size(); ++batch) {
    const double own = static_cast<double>(images[batch]);
    const at::Tensor values = pixels * own;
    const at::Tensor apart = rows[batch][0] - mean;
    const at::Tensor sum = rows[batch][1] * (values - 1) + apart * apart * values;
    squares = batch == 0 ? sum : squares + sum;
  }
  const at::Tensor var = squares / (pixels * count - 1).clamp_min(1);

  const at::Tensor merged = at::stack({mean, var}).to(at::kFloat);
  int64_t place = 0;
  for (LayerStatistics* own : filled) {
    const int64_t channels = own->batches.front().size(1);
    own->merged = merged.narrow(1, place, channels);
    place += channels;
    own->batches.clear();
  }
}

}  // namespace singlepath
