// Batches as tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.h"

namespace singlepath {

// [N, C, H, W] in channels_last layout, normalized; a fresh tensor.
at::Tensor images_of(const Batch& batch, at::Device device, at::ScalarType storage);

// int64 [N].
at::Tensor labels_of(const Batch& batch, at::Device device);

// The other labels of mixed images (data/mix.h); int64 [N].
at::Tensor second_labels_of(const Batch& batch, at::Device device);

}  // namespace singlepath
