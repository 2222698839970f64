#include "sgd.h"

#include <algorithm>

#include "kernels.h"

namespace singlepath::cpu {

void sgd_step(const std::vector<SgdSpan>& spans, const SgdOptions& options, Workspace& workspace) {
  const Kernels& run = kernels();
  long total = 0;
  for (const SgdSpan& span : spans) total += span.rows * span.columns;
  // Threads share the values, not the spans: sizes differ by a factor of thousands.
  workspace.pool().parallel_for(total, 4096, [&](long begin, long end, int) {
    long before = 0;
    for (const SgdSpan& span : spans) {
      const long size = span.rows * span.columns;
      long at = std::max(begin - before, 0L);
      const long stop = std::min(end - before, size);
      before += size;
      const bool dense =
          span.rows == 1 || (span.parameter_stride == span.columns && span.gradient_stride == span.columns);
      while (at < stop) {
        const long row = dense ? 0 : at / span.columns, column = dense ? at : at % span.columns;
        const long n = dense ? stop - at : std::min(stop - at, span.columns - column);
        run.sgd(span.parameter + row * span.parameter_stride + column,
                span.gradient + row * span.gradient_stride + column,
                span.momentum + row * span.parameter_stride + column, n, options.learning_rate,
                options.momentum, span.weight_decay, options.nesterov);
        at += n;
      }
      if (before >= end) break;
    }
  });
}

}  // namespace singlepath::cpu
