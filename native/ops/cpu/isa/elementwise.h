#pragma once

// The optimizer's update and the normalization of image bytes: one pass over memory each.

#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

inline void sgd(float* parameter, const float* gradient, float* momentum, long n, float learning_rate,
                float momentum_factor, float weight_decay, bool nesterov) {
  const auto update = [&](Vec p, Vec g, Vec& m) __attribute__((always_inline)) {
    g += p * weight_decay;
    m = m * momentum_factor + g;
    return p - (nesterov ? g + m * momentum_factor : m) * learning_rate;
  };
  long i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Vec m = load(momentum + i);
    store(parameter + i, update(load(parameter + i), load(gradient + i), m));
    store(momentum + i, m);
  }
  if (i == n) return;
  const int rest = static_cast<int>(n - i);
  Vec m = load_first(momentum + i, rest);
  store_first(parameter + i, update(load_first(parameter + i, rest), load_first(gradient + i, rest), m),
              rest);
  store_first(momentum + i, m, rest);
}

// out = byte * scale[channel] + shift[channel]. Bytes are taken in runs of kLanes pixels, which are kLanes *
// channels values: the pattern of channels then repeats every `channels` vectors.
template <class T>
void normalize(const uint8_t* bytes, long pixels, int channels, const float* scale, const float* shift,
               void* out_) {
  T* out = static_cast<T*>(out_);
  constexpr int kMaxChannels = 4;
  long pixel = 0;
  if (channels <= kMaxChannels) {
    alignas(64) float scales[kMaxChannels * kLanes], shifts[kMaxChannels * kLanes];
    for (int i = 0; i < channels * kLanes; ++i) {
      scales[i] = scale[i % channels];
      shifts[i] = shift[i % channels];
    }
    typedef uint8_t Bytes __attribute__((vector_size(kLanes)));
    typedef uint8_t BytesAt __attribute__((vector_size(kLanes), aligned(1), may_alias));
    for (; pixel + kLanes <= pixels; pixel += kLanes)
      for (int v = 0; v < channels; ++v, bytes += kLanes, out += kLanes) {
        const Bytes raw = *reinterpret_cast<const BytesAt*>(bytes);
        typedef int32_t Ints __attribute__((vector_size(kLanes * 4)));
        const Vec value = __builtin_convertvector(__builtin_convertvector(raw, Ints), Vec);
        store(out, value * load(scales + v * kLanes) + load(shifts + v * kLanes));
      }
  }
  for (; pixel < pixels; ++pixel)
    for (int c = 0; c < channels; ++c) from_float(out++, static_cast<float>(*bytes++) * scale[c] + shift[c]);
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
