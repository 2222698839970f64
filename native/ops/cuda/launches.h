// The launches of batch_norm.cu that make up a pass, with arguments of exactly the kernels' types. Knows no
// CUDA: a test hands the same launches to the kernels on a CPU.
#pragma once

#include "ops/cuda/layout.h"

namespace singlepath::cuda {

// What all passes read. `Value`: of the kernels; void where their type is not known.
template <typename Value>
struct Normed {
  const Value* x;                // [rows, channels]
  const float *gamma, *beta;     // [channels]; null: 1 and 0
  const float *mean, *variance;  // [channels]; in training of the batch, written before they are read
  float eps;
};

// A gradient that comes, and those that go; of gamma and beta null where these are.
template <typename Value>
struct NormGradients {
  const Value* dy;
  long dy_stride;  // values from row to row
  Value* dx;
  float *dgamma, *dbeta;
};

struct RunningAverages {
  float *mean, *variance;
  float momentum;
};

// Sums of shares of the rows need [pieces, 2, channels] floats; 0 where one launch does it all.
inline int moment_pieces(const Layout& layout) {
  return layout.few_rows ? 0 : static_cast<int>(layout.shares(4, true, 0).blocks_y);
}
inline int gradient_pieces(const Layout& layout) {
  return layout.few_rows ? 0 : static_cast<int>(layout.shares(3, true, 3).blocks_y);
}

// `launch(kernel, shape, arguments...)` for each kernel in turn, here and below. Writes y.
template <typename Value, typename Launcher>
void launch_evaluate(const Launcher& launch, const Layout& at, const Normed<Value>& in, Value* y) {
  launch("batch_norm_apply", at.shares(8, false, 3), in.x, y, in.gamma, in.beta, in.mean, in.variance,
         at.rows, at.channels, at.lanes, in.eps);
}

// Writes y, in.mean and in.variance (as `mean` and `variance`), and the running averages.
template <typename Value, typename Launcher>
void launch_train(const Launcher& launch, const Layout& at, const Normed<Value>& in, Value* y, float* mean,
                  float* variance, const RunningAverages& running, float* partial) {
  if (at.few_rows) {
    launch("batch_norm_forward", at.all_rows(3), in.x, y, in.gamma, in.beta, mean, variance, running.mean,
           running.variance, at.rows, at.channels, at.lanes, in.eps, running.momentum);
    return;
  }
  const Launch sums = at.shares(4, true, 0);
  const float* pieces = partial;
  launch("batch_norm_moments", sums, in.x, partial, at.rows, at.channels, at.lanes);
  launch("batch_norm_finish_moments", at.finish(), in.x, pieces, static_cast<int>(sums.blocks_y), mean,
         variance, running.mean, running.variance, at.rows, at.channels, running.momentum);
  launch_evaluate(launch, at, in, y);
}

// Writes the gradients. `means`: [2, channels] floats where there are pieces.
template <typename Value, typename Launcher>
void launch_backward(const Launcher& launch, const Layout& at, const Normed<Value>& in,
                     const NormGradients<Value>& out, float* partial, float* means) {
  if (at.few_rows) {
    launch("batch_norm_backward", at.all_rows(5), in.x, out.dy, out.dy_stride, out.dx, in.gamma, in.beta,
           in.mean, in.variance, out.dgamma, out.dbeta, at.rows, at.channels, at.lanes, in.eps);
    return;
  }
  const Launch sums = at.shares(3, true, 3);
  const float *pieces = partial, *ready = means;
  launch("batch_norm_gradients", sums, in.x, out.dy, out.dy_stride, in.gamma, in.beta, in.mean, in.variance,
         partial, at.rows, at.channels, at.lanes, in.eps);
  launch("batch_norm_finish_gradients", at.finish(), pieces, static_cast<int>(sums.blocks_y), in.variance,
         means, out.dgamma, out.dbeta, at.rows, at.channels, in.eps);
  launch("batch_norm_apply_gradients", at.shares(6, false, 5), in.x, out.dy, out.dy_stride, out.dx, in.gamma,
         in.beta, in.mean, in.variance, ready, at.rows, at.channels, at.lanes, in.eps);
}

}  // namespace singlepath::cuda
