#include "execute/images.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "execute/upload.h"
#include "ops/cpu/normalize.h"
#include "ops/engine_workspace.h"

namespace singlepath {
namespace {

// [N, C, H, W], a view of the batch's memory.
at::Tensor view_of(const Batch& batch) {
  const std::vector<int64_t> shape{batch.count, batch.height, batch.width, batch.channels};
  // from_blob takes no const; never written.
  const at::Tensor view = batch.pixels.empty()
                              ? at::from_blob(const_cast<float*>(batch.floats.data()), shape, at::kFloat)
                              : pixels_view(batch.pixels, shape);
  return view.permute({0, 3, 1, 2});
}

at::Tensor labels_on(const std::vector<int64_t>& labels, int64_t count, at::Device device) {
  const auto data = const_cast<int64_t*>(labels.data());
  const at::Tensor view = at::from_blob(data, {count}, at::kLong);
  // Few bytes: the driver takes them before the call returns, and nothing waits for the card.
  return view.to(device, at::kLong, /*non_blocking=*/!device.is_cpu(), /*copy=*/true);  // outlives the batch
}

}  // namespace

at::Tensor images_of(const Batch& batch, at::Device device, at::ScalarType storage, bool keep) {
  at::NoGradGuard no_grad;
  if (!device.is_cpu()) return normalized_on_device(batch, view_of(batch), device, storage, keep);
  if (batch.pixels.empty()) {
    return view_of(batch).to(at::TensorOptions(device).dtype(storage), /*non_blocking=*/false, /*copy=*/true,
                             at::MemoryFormat::ChannelsLast);
  }
  const int64_t pixels = batch.count * batch.height * batch.width;
  const at::Tensor images = at::empty({batch.count, batch.channels, batch.height, batch.width},
                                      at::TensorOptions(storage), at::MemoryFormat::ChannelsLast);
  cpu::normalize(batch.pixels.data(), pixels, static_cast<int>(batch.channels), batch.mean.data(),
                 batch.std.data(), storage == at::kFloat ? cpu::Storage::float32 : cpu::Storage::bfloat16,
                 images.data_ptr(), engine_workspace());
  return images;
}

at::Tensor labels_of(const Batch& batch, at::Device device) {
  return labels_on(batch.labels, batch.count, device);
}

at::Tensor second_labels_of(const Batch& batch, at::Device device) {
  return labels_on(batch.second_labels, batch.count, device);
}

}  // namespace singlepath
