#include "execute/upload.h"

#include <ATen/ops/addcmul.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>
#include <optional>
#include <utility>

#include "runtime/cuda_device.h"

namespace singlepath {
namespace {

HostBlock pinned_block(size_t bytes) {
  // libtorch keeps pinned memory for reuse, and keeps it from reuse while a card still copies from it.
  auto block = std::make_shared<at::Tensor>(
      at::empty({static_cast<int64_t>(bytes)}, at::TensorOptions(at::kByte).pinned_memory(true)));
  void* data = block->data_ptr();
  return {std::move(block), data};
}

// x / 255 - mean, over std, as x * scale + shift; [1, C, 1, 1] each.
struct Normalization {
  at::Tensor scale, shift;
};

at::Tensor constant(const std::vector<float>& values, at::Device device) {
  const auto data = const_cast<float*>(values.data());
  return at::from_blob(data, {1, static_cast<int64_t>(values.size()), 1, 1}, at::kFloat).to(device);
}

// What the uploads of one engine thread to one card share.
class Uploader {
 public:
  explicit Uploader(at::Device device)
      : device_(device),
        devices_(device.type()),
        copies_(devices_.getStreamFromGlobalPool(device, /*isHighPriority=*/true)) {}

  // The copy starts at once; what this thread starts from now on waits for it on the card.
  at::Tensor copy(const at::Tensor& host) {
    const c10::Stream main = devices_.getStream(device_);
    at::Tensor copied;
    {
      const c10::StreamGuard guard(copies_);
      copied = host.to(device_, host.scalar_type(), /*non_blocking=*/true, /*copy=*/true);
      c10::Event done(device_.type());
      done.record(copies_);
      done.block(main);
    }
    devices_.recordDataPtrOnStream(copied.storage().data_ptr(), main);
    return copied;
  }

  const Normalization& normalization(const Batch& batch) {
    Normalization& own = normalizations_[{batch.mean, batch.std}];
    if (own.scale.defined()) return own;
    std::vector<float> scale, shift;
    for (size_t c = 0; c < batch.mean.size(); ++c) {
      scale.push_back(1 / (255 * batch.std[c]));
      shift.push_back(-batch.mean[c] / batch.std[c]);
    }
    return own = {constant(scale, device_), constant(shift, device_)};
  }

 private:
  at::Device device_;
  c10::impl::VirtualGuardImpl devices_;
  c10::Stream copies_;
  std::map<std::pair<std::vector<float>, std::vector<float>>, Normalization> normalizations_;
};

Uploader& uploader_of(at::Device device) {
  // Never destroyed: the card may be gone when a thread ends.
  thread_local auto* uploaders = new std::map<int, Uploader>;
  return uploaders->try_emplace(device.index(), device).first->second;
}

// Images that are kept take at most a quarter of what is free.
bool has_room(at::Device device, const at::Tensor& host) {
  return static_cast<int64_t>(host.nbytes()) < cuda_free_bytes(device.index()) / 4;
}

}  // namespace

void pin_batches() {
  make_pinned_block.store(pinned_block);
}

at::Tensor pixels_view(const HostBuffer<uint8_t>& pixels, const std::vector<int64_t>& shape) {
  if (const void* owner = pixels.pinned_owner(); owner != nullptr) {
    const at::Tensor& block = *static_cast<const at::Tensor*>(owner);
    return block.narrow(0, 0, static_cast<int64_t>(pixels.size())).view(shape);
  }
  return at::from_blob(const_cast<uint8_t*>(pixels.data()), shape, at::kByte);
}

at::Tensor normalized_on_device(const Batch& batch, const at::Tensor& host, at::Device device,
                                at::ScalarType storage, bool keep) {
  Uploader& uploader = uploader_of(device);
  if (batch.pixels.empty())
    return uploader.copy(host).to(storage, /*non_blocking=*/false, /*copy=*/false,
                                  at::MemoryFormat::ChannelsLast);
  at::Tensor pixels;
  const auto* kept = static_cast<const at::Tensor*>(batch.on_device.get());
  if (kept != nullptr && kept->device() == device) {
    pixels = *kept;
  } else {
    pixels = uploader.copy(host);
    if (keep && has_room(device, host)) batch.on_device = std::make_shared<const at::Tensor>(pixels);
  }
  const Normalization& own = uploader.normalization(batch);
  at::Tensor images =
      at::empty(pixels.sizes(), at::TensorOptions(device).dtype(storage), at::MemoryFormat::ChannelsLast);
  return at::addcmul_out(images, own.shift, pixels, own.scale);  // one kernel: bytes in, `storage` out
}

}  // namespace singlepath
