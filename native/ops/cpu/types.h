#pragma once

#include <cstdint>

#include "core/activation.h"

// Functions in headers shared with the files compiled for one instruction set must never be emitted on their
// own: the linker would keep one copy, perhaps the AVX-512 one, for everybody.
#define SINGLEPATH_INLINE inline __attribute__((always_inline))

namespace singlepath::cpu {

// How activations lie in memory. Sums, weights, statistics and parameter gradients are always fp32, and so
// are the factors of all products but one: with bfloat16 the set avx512dot rounds both sides of a matrix
// product to bf16.
enum class Storage { float32, bfloat16 };

enum class Convolution {
  pointwise,  // 1x1, any stride
  depthwise,  // k x k, one filter a channel
  dense,      // k x k over all channels
};

// How a value becomes one of few levels, and what `scale` is. ops/quantize.h has the papers.
enum class Rounding {
  bound,        // cut to [0, scale] (PACT with float bits)
  pact,         // the same, then `high` equal steps
  lsq,          // times 1 / scale, cut to [low, high], rounded, times scale
  lsq_sign,     // -scale or scale; the gradient passes inside
  dorefa,       // of tanh(w), scale the largest magnitude of these: `high` steps of [-1, 1]
  dorefa_sign,  // -scale or scale; the gradient passes everywhere
};

struct Quantizer {
  Rounding rounding;
  float scale;
  float low, high;
  bool through;  // rounded as autograd's straight-through sum rounds it: x + (level - x)
};

struct bf16 {
  uint16_t bits;
};

SINGLEPATH_INLINE int storage_bytes(Storage storage) {
  return storage == Storage::float32 ? 4 : 2;
}

}  // namespace singlepath::cpu
