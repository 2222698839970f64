// Quantized weights of convolutions, for as long as the weights stay as they are: an evaluation takes many
// batches through the same layers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "graph/graph.h"

namespace singlepath {

struct QuantizedWeight {
  at::Tensor values;
  std::optional<float> step;  // what they are multiples of (ops/fused_quantize.h), once that was asked
};

class QuantizedWeights {
 public:
  // `bytes`: of what is kept; weights for which there is no room are quantized each time.
  explicit QuantizedWeights(int64_t bytes) : room_(bytes) {}

  // Of a convolution that uses this part of its weight, with the bits of this path; null where there is none.
  QuantizedWeight* find(const Node& conv, const at::Tensor& weight, const Architecture& path) {
    const auto known = kept_.find(key(conv, weight, path));
    return known == kept_.end() ? nullptr : &known->second;
  }

  void keep(const Node& conv, const at::Tensor& weight, const Architecture& path, const at::Tensor& values) {
    const auto bytes = static_cast<int64_t>(values.nbytes());
    if (bytes > room_) return;
    room_ -= bytes;
    kept_.emplace(key(conv, weight, path), QuantizedWeight{values, {}});
  }

 private:
  // The option of the bits' gene and not the bits: LSQ learns a step for each option, of equal bits too.
  using Key = std::tuple<const Node*, int64_t, int64_t, int64_t>;
  static Key key(const Node& conv, const at::Tensor& weight, const Architecture& path) {
    return {&conv, weight.size(0), weight.size(1), conv.bits.option(path)};
  }

  int64_t room_;
  std::map<Key, QuantizedWeight> kept_;
};

}  // namespace singlepath
