// Batches on their way to a GPU.
#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.h"

namespace singlepath {

// From now on batches are made in memory from which a card copies by itself (core/host_buffer.h).
void pin_batches();

// The bytes of a batch as a tensor, without a copy.
at::Tensor pixels_view(const HostBuffer<uint8_t>& pixels, const std::vector<int64_t>& shape);

// See images_of(). `host`: the batch's memory, [N, C, H, W].
at::Tensor normalized_on_device(const Batch& batch, const at::Tensor& host, at::Device device,
                                at::ScalarType storage, bool keep);

}  // namespace singlepath
