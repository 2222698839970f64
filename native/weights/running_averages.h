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
  // `each`: buffer by buffer, for saved(), on a GPU too.
  RunningAverages(const NetworkDescription& network, const Architecture& architecture,
                  ParameterStore& parameters, bool each = false);

  void restore() const;
  // On a GPU: restores where the scalar `condition` is not 0, without waiting to know.
  void restore_where(const at::Tensor& condition) const;

  // The buffers, each with its value then.
  const std::vector<std::pair<Parameter*, at::Tensor>>& saved() const { return saved_; }

 private:
  // On a GPU the buffers of all paths are one block of memory: two launches in place of two per BatchNorm.
  at::Tensor all_, saved_all_;
  std::vector<std::pair<Parameter*, at::Tensor>> saved_;
};

}  // namespace singlepath
