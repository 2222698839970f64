// BatchNorm statistics of a whole layer in one row, for cards, where each launch counts: a layer hands over
// its statistics in one copy, and those of a population are merged together.
#pragma once

#include <vector>

#include "weights/execution.h"

namespace singlepath {

struct LayerStatistics {
  // One BatchNorm of the layer: its place in rows.
  struct Part {
    const Node* node;
    int64_t channels;
    int64_t pixels;  // values per channel and image
  };

  std::vector<Part> parts;          // in the order of the graph
  std::vector<at::Tensor> batches;  // [2, channels of all parts]: means and unbiased variances of each batch
  std::vector<int64_t> images;      // of each batch
  at::Tensor merged;                // over all batches: see merge_statistics()

  // What a run of the layer in Mode::calibrate on one batch of `count` images has put into `map`, as parts
  // and as the tensors that make a row: all means, then all variances.
  static std::vector<Part> parts_of(const Graph& graph, StatisticsMap& map, int64_t count);
  static std::vector<at::Tensor> pieces_of(const std::vector<Part>& parts, StatisticsMap& map);
  // A row as Mode::evaluate takes it: views.
  static StatisticsMap views_of(const std::vector<Part>& parts, const at::Tensor& row);
};

// Fills `merged` of all, which have seen the same batches, [2, channels]: mean and unbiased variance as if
// each BatchNorm had seen one tensor (PooledStatistics). With `parameters` it is [4, channels], with scale
// and shift of the BatchNorms as weights/folded_norm.h has them. Element by element, so that a layer's
// numbers do not depend on the company.
void merge_statistics(const std::vector<LayerStatistics*>& all, const ParameterStore* parameters);

}  // namespace singlepath
