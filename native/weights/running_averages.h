// The BatchNorm buffers of a path as they were, to undo what a training pass that counts for nothing did to
// them.
#pragma once

#include <utility>
#include <vector>

#include "graph/graph.h"
#include "weights/parameters.h"

namespace singlepath {

class RunningAverages {
 public:
  RunningAverages(const NetworkDescription& network, const Architecture& architecture,
                  ParameterStore& parameters);

  void restore() const;

  // The buffers, each with its value then.
  const std::vector<std::pair<Parameter*, at::Tensor>>& saved() const { return saved_; }

 private:
  std::vector<std::pair<Parameter*, at::Tensor>> saved_;
};

}  // namespace singlepath
