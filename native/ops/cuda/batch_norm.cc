#include "ops/cuda/batch_norm.h"

#include <ATen/cuda/CUDAContext.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "ops/cuda/launches.h"
#include "ops/cuda/layout.h"
#include "ops/cuda/program.h"
#include "ops/cuda/sources.h"

namespace singlepath::cuda {
namespace {

Program& program(bool bfloat16, int width, Activation activation) {
  static std::mutex mutex;
  static std::map<std::tuple<bool, int, Activation>, std::unique_ptr<Program>> programs;
  const std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Program>& own = programs[{bfloat16, width, activation}];
  if (own == nullptr) {
    std::vector<std::string> definitions{"BFLOAT16=" + std::to_string(bfloat16),
                                         "WIDTH=" + std::to_string(width),
                                         "ACTIVATION=" + std::to_string(static_cast<int>(activation))};
#define SINGLEPATH_ROW(name, formula) \
  definitions.push_back("ACTIVATION_" #name "=" + std::to_string(static_cast<int>(Activation::name)));
    SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
    own = std::make_unique<Program>("batch_norm.cu", kBatchNormSource, std::move(definitions));
  }
  return *own;
}

// A tensor as [rows, channels], rows `stride` values apart.
struct Matrix {
  at::Tensor tensor;
  long stride = 0;

  void* data() const { return tensor.data_ptr(); }
  bool starts_at(int64_t width) const {
    return stride % width == 0 && reinterpret_cast<uintptr_t>(data()) % (width * tensor.element_size()) == 0;
  }
};

Matrix dense(const at::Tensor& x) {
  return {x.contiguous(at::MemoryFormat::ChannelsLast), static_cast<long>(x.size(1))};
}

// Channels that lie within wider rows stay where they are: a part of a concat.
Matrix matrix_of(const at::Tensor& x) {
  const int64_t stride = x.size(3) > 1 ? x.stride(3) : x.size(2) > 1 ? x.stride(2) : x.stride(0);
  const bool rows = x.size(1) == 1 || x.stride(1) == 1;
  const bool even = rows && stride >= x.size(1) && (x.size(2) == 1 || x.stride(2) == x.size(3) * stride) &&
                    (x.size(0) == 1 || x.stride(0) == x.size(2) * x.size(3) * stride);
  if (even) return {x, static_cast<long>(stride)};
  return dense(x);
}

at::Tensor like(const at::Tensor& x) {
  return at::empty(x.sizes(), x.options().requires_grad(false), at::MemoryFormat::ChannelsLast);
}

float* pointer(const at::Tensor& values) {
  return values.defined() ? values.data_ptr<float>() : nullptr;
}

// The kernels for tensors like `x`, and how these are laid over it. `once`: where one launch can do it all,
// as it reads few rows again.
struct Plan {
  Layout layout;
  Program& kernels;

  auto launcher() const {
    return [this](const char* kernel, const Launch& shape, auto... arguments) {
      kernels.launch(kernel, shape, arguments...);
    };
  }
};

Plan plan_for(const at::Tensor& x, std::initializer_list<const Matrix*> matrices, Activation activation,
              bool once) {
  int width = static_cast<int>(16 / x.element_size());
  const auto fits = [&](const Matrix* one) { return one->starts_at(width); };
  while (x.size(1) % width != 0 || !std::all_of(matrices.begin(), matrices.end(), fits)) width /= 2;
  const Layout layout(x.numel() / x.size(1), static_cast<int>(x.size(1)), width,
                      static_cast<int>(x.element_size()), once,
                      at::cuda::getCurrentDeviceProperties()->multiProcessorCount);
  return {layout, program(x.scalar_type() == at::kBFloat16, width, activation)};
}

Normed<void> normed(const Matrix& x, const BatchNorm& norm, const BatchMoments& moments) {
  return {x.data(),
          pointer(norm.gamma),
          pointer(norm.beta),
          pointer(moments.mean),
          pointer(moments.variance),
          static_cast<float>(norm.eps)};
}

// Sums of shares; undefined where there are none.
at::Tensor floats(const at::Tensor& like, at::IntArrayRef sizes) {
  return sizes[0] == 0 ? at::Tensor()
                       : at::empty(sizes, like.options().dtype(at::kFloat).requires_grad(false));
}

at::Tensor train(const at::Tensor& input, const BatchNorm& norm, double momentum, const BatchMoments& running,
                 BatchMoments& batch) {
  const c10::cuda::CUDAGuard guard(input.device());
  const Matrix x = dense(input);
  const at::Tensor y = like(input);
  const Plan plan = plan_for(input, {&x}, norm.activation, true);
  const int64_t channels = plan.layout.channels;
  const at::Tensor both = floats(input, {2, channels});
  batch = {both[0], both[1]};
  const at::Tensor partial = floats(input, {moment_pieces(plan.layout), 2, channels});
  launch_train(plan.launcher(), plan.layout, normed(x, norm, batch), y.data_ptr(), pointer(batch.mean),
               pointer(batch.variance),
               {pointer(running.mean), pointer(running.variance), static_cast<float>(momentum)},
               pointer(partial));
  return y;
}

BatchNormGradients backward(const at::Tensor& input, const at::Tensor& gradient, const BatchNorm& norm,
                            const BatchMoments& batch) {
  const c10::cuda::CUDAGuard guard(input.device());
  const Matrix x = dense(input), dy = matrix_of(gradient.to(input.scalar_type()));
  const Plan plan = plan_for(input, {&x, &dy}, norm.activation, true);
  const int64_t channels = plan.layout.channels, pieces = gradient_pieces(plan.layout);
  BatchNormGradients result{like(input), {}, {}};
  if (norm.gamma.defined()) result.gamma = floats(input, {channels});
  if (norm.beta.defined()) result.beta = floats(input, {channels});
  const at::Tensor partial = floats(input, {pieces, 2, channels});
  const at::Tensor means = floats(input, {pieces == 0 ? 0 : 2, channels});
  const NormGradients<void> out{dy.data(), dy.stride, result.input.data_ptr(), pointer(result.gamma),
                                pointer(result.beta)};
  launch_backward(plan.launcher(), plan.layout, normed(x, norm, batch), out, pointer(partial),
                  pointer(means));
  return result;
}

at::Tensor evaluate(const at::Tensor& input, const BatchNorm& norm, const BatchMoments& moments) {
  const c10::cuda::CUDAGuard guard(input.device());
  const Matrix x = dense(input);
  const at::Tensor y = like(input);
  const Plan plan = plan_for(input, {&x}, norm.activation, false);
  launch_evaluate(plan.launcher(), plan.layout, normed(x, norm, moments), y.data_ptr());
  return y;
}

}  // namespace

const NormKernels norm_kernels{train, backward, evaluate};

}  // namespace singlepath::cuda
