#include "execute/images.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include "ops/cpu/normalize.h"
#include "ops/engine_workspace.h"

namespace singlepath {
namespace {

at::Tensor as_tensor(const std::vector<int64_t>& labels, int64_t count, at::Device device) {
  const auto data = const_cast<int64_t*>(labels.data());  // from_blob takes no const; never written
  return at::from_blob(data, {count}, at::kLong).to(device);
}

}  // namespace

at::Tensor images_of(const Batch& batch, at::Device device, at::ScalarType storage) {
  at::NoGradGuard no_grad;
  const int64_t n = batch.count, c = batch.channels, h = batch.height, w = batch.width;
  if (batch.pixels.empty()) {
    const auto data = const_cast<float*>(batch.floats.data());  // from_blob takes no const; never written
    return at::from_blob(data, {n, h, w, c}, at::kFloat)
        .permute({0, 3, 1, 2})
        .to(at::TensorOptions(device).dtype(storage), /*non_blocking=*/false, /*copy=*/true,
            at::MemoryFormat::ChannelsLast);
  }
  if (device.is_cpu()) {
    const at::Tensor images =
        at::empty({n, c, h, w}, at::TensorOptions(storage), at::MemoryFormat::ChannelsLast);
    cpu::normalize(batch.pixels.data(), n * h * w, static_cast<int>(c), batch.mean.data(), batch.std.data(),
                   storage == at::kFloat ? cpu::Storage::float32 : cpu::Storage::bfloat16, images.data_ptr(),
                   engine_workspace());
    return images;
  }
  const auto data = const_cast<uint8_t*>(batch.pixels.data());
  const at::Tensor pixels = at::from_blob(data, {n, h, w, c}, at::kByte).to(device).permute({0, 3, 1, 2});
  std::vector<float> scale(c), shift(c);
  for (int64_t i = 0; i < c; ++i) {
    scale[i] = 1 / (255 * batch.std[i]);
    shift[i] = -batch.mean[i] / batch.std[i];
  }
  const auto per_channel = [&](const std::vector<float>& values) {
    return at::tensor(values).to(device).view({1, c, 1, 1});
  };
  return pixels.to(at::kFloat).mul_(per_channel(scale)).add_(per_channel(shift)).to(storage);
}

at::Tensor labels_of(const Batch& batch, at::Device device) {
  return as_tensor(batch.labels, batch.count, device);
}

at::Tensor second_labels_of(const Batch& batch, at::Device device) {
  return as_tensor(batch.second_labels, batch.count, device);
}

}  // namespace singlepath
