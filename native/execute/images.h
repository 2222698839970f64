// Batches as tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include "data/batch.h"

namespace singlepath {

// [N, C, H, W] in channels_last layout, normalized; a fresh tensor. On a GPU nothing waits: pixels travel on
// a stream of their own, beside what the card computes, and are normalized there. With `keep` the card holds
// them as bytes for as long as the batch lives, so that a next time needs no upload.
at::Tensor images_of(const Batch& batch, at::Device device, at::ScalarType storage, bool keep = false);

// int64 [N].
at::Tensor labels_of(const Batch& batch, at::Device device);

// The other labels of mixed images (data/mix.h); int64 [N].
at::Tensor second_labels_of(const Batch& batch, at::Device device);

}  // namespace singlepath
