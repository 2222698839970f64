#include "weights/layer_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>

#include "weights/folded_norm.h"

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
    if (row.size(0) > 2) {
      own.scale = row[2].narrow(0, place, part.channels);
      own.shift = row[3].narrow(0, place, part.channels);
    }
    place += part.channels;
  }
  return map;
}

namespace {

// One value a channel of all parts of all layers, in float64.
at::Tensor by_channel(const std::vector<LayerStatistics*>& all, at::Device device,
                      const std::function<double(const LayerStatistics::Part&)>& value) {
  std::vector<double> values;
  for (const LayerStatistics* own : all) {
    for (const LayerStatistics::Part& part : own->parts)
      values.insert(values.end(), static_cast<size_t>(part.channels), value(part));
  }
  return at::tensor(values, at::kDouble).to(device, /*non_blocking=*/true);
}

// [2, channels]: scale and shift of `merged` [2, channels], mean and variance.
at::Tensor folded_rows(const std::vector<LayerStatistics*>& all, const at::Tensor& merged,
                       const ParameterStore& parameters) {
  std::vector<at::Tensor> gammas, betas;
  for (const LayerStatistics* own : all) {
    for (const LayerStatistics::Part& part : own->parts) {
      const NodeParameters& norm = parameters.of(*part.node);
      const Slice slice{{part.channels}};
      const auto options = merged.options();
      gammas.push_back(part.node->affine ? slice.of(norm.weight->value) : at::ones({part.channels}, options));
      betas.push_back(part.node->affine ? slice.of(norm.bias->value) : at::zeros({part.channels}, options));
    }
  }
  const auto eps = [](const LayerStatistics::Part& part) { return part.node->eps; };
  const at::Tensor spread = merged[1].to(at::kDouble) + by_channel(all, merged.device(), eps);
  const FoldedNorm folded = folded_norm(merged[0], spread, at::cat(gammas), at::cat(betas));
  return at::stack({folded.scale, folded.shift});
}

}  // namespace

void merge_statistics(const std::vector<LayerStatistics*>& all, const ParameterStore* parameters) {
  at::NoGradGuard no_grad;
  std::vector<LayerStatistics*> filled;
  for (LayerStatistics* own : all) {
    if (!own->batches.empty()) filled.push_back(own);
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
  const at::Tensor pixels = by_channel(filled, like.device(), [](const LayerStatistics::Part& part) {
    return static_cast<double>(part.pixels);
  });

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

  at::Tensor merged = at::stack({mean, var}).to(at::kFloat);
  if (parameters != nullptr) merged = at::cat({merged, folded_rows(filled, merged, *parameters)});
  int64_t place = 0;
  for (LayerStatistics* own : filled) {
    const int64_t channels = own->batches.front().size(1);
    own->merged = merged.narrow(1, place, channels);
    place += channels;
    own->batches.clear();
  }
}

}  // namespace singlepath
