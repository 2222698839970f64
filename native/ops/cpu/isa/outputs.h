#pragma once

// Both ends of a chain, pixel by pixel: normalize + activate the last raw output into the caller's tensor
// (with residual, passed-through channels or a global pool), and the way back into the gradient behind the
// last activation.

#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

template <class T>
SINGLEPATH_INLINE void copy_pixel(const T* from, int step, T* to, int channels) {
  int c = 0;
  if (step == 1)
    for (; c + kLanes <= channels; c += kLanes) store_stored(to + c, load_stored(from + c));
  if (step == 2)
    for (; c + kLanes <= channels; c += kLanes) store_stored(to + c, load_every_second(from + 2 * c));
  for (; c < channels; ++c) to[c] = from[static_cast<long>(c) * step];
}

template <class T>
void write_output(const WriteOutput& task, long begin, long end) {
  const Operand& in = task.input;
  const int channels = in.channels;
  const auto rows = [&](auto read, auto post) __attribute__((always_inline)) {
    constexpr Activation kPost = decltype(post)::value;
    for (long p = begin; p < end; ++p) {
      const T* from = static_cast<const T*>(in.data) + p * in.pixel_stride;
      T* to = static_cast<T*>(task.out) + p * task.out_stride;
      if (task.pass)
        copy_pixel(static_cast<const T*>(task.pass) + p * task.pass_stride, task.pass_step,
                   static_cast<T*>(task.pass_out) + p * task.out_stride, task.pass_channels);
      if (!task.residual) {
        for (int c = 0; c < channels; c += kLanes)
          store_upto(to, c, channels, activate<kPost>(read.column(c)(from)));
      } else if (task.residual_step == 1) {
        const T* residual = static_cast<const T*>(task.residual) + p * task.residual_stride;
        for (int c = 0; c < channels; c += kLanes)
          store_upto(to, c, channels,
                     activate<kPost>(read.column(c)(from) + load_upto(residual, c, channels)));
      } else {
        const PlainReader<T, 0> strided{channels, task.residual_step};
        const T* residual = static_cast<const T*>(task.residual) + p * task.residual_stride;
        for (int c = 0; c < channels; c += kLanes)
          store_upto(to, c, channels, activate<kPost>(read.column(c)(from) + strided.column(c)(residual)));
      }
    }
  };
  with_reader<T>(in, [&](auto read) {
    with_activation(task.post, [&](auto post) {
      constexpr Activation kPost = decltype(post)::value;
      if constexpr (kPost == Activation::none || slope_follows_from_value(kPost)) rows(read, post);
    });
  });
}

template <class T>
void pool_output(const PoolOutput& task, long begin, long end) {
  const Operand& in = task.input;
  const float inverse = 1.f / static_cast<float>(task.pixels);
  with_reader<T>(in, [&](auto read) {
    for (long image = begin; image < end; ++image) {
      const T* first = static_cast<const T*>(in.data) + image * task.pixels * in.pixel_stride;
      float* out = task.out + image * task.out_stride;
      for (int c = 0; c < in.channels; c += kLanes) {
        const auto column = read.column(c);
        Vec sum = zero();
        if (!task.gradient) {
          for (int p = 0; p < task.pixels; ++p) sum += column(first + p * in.pixel_stride);
          store_upto(out, c, in.channels, sum * inverse);
          continue;
        }
        const T* gradient = static_cast<const T*>(task.gradient) + image * task.pixels * in.pixel_stride + c;
        for (int p = 0; p < task.pixels; ++p)
          sum += column(first + p * in.pixel_stride) * load(gradient + p * in.pixel_stride);
        store_upto(out, c, in.channels, sum);
      }
    }
  });
}

// Pixels are taken in panels so that the fp32 sums of one panel stay short.
template <class T>
void gradient_entry(const GradientEntry& task, long begin, long end, float* scratch, double* sums) {
  constexpr int kPanel = 128, kRows = 4;
  const int channels = task.channels, width = static_cast<int>(padded(channels));
  clear(scratch, 2L * width);
  float *sum = scratch, *product = scratch + width;
  const float inverse = 1.f / static_cast<float>(task.pooled || task.factors ? task.pixels : 1);
  with_activation(task.activation, [&](auto activation) {
    // One block of kRows (or fewer) pixels; the sums of a vector of channels are loaded once for all of them.
    const auto block = [&](long p, auto count) __attribute__((always_inline)) {
      constexpr int kCount = decltype(count)::value;
      long rows[kCount];  // of gates
      if (task.factors)
        for (int r = 0; r < kCount; ++r) rows[r] = (p + r) / task.pixels * task.gate_stride;
      for (int c = 0; c < width; c += kLanes) {
        Vec s = load(sum + c), q = load(product + c);
        const Vec scale = load(task.scale + c), shift = load(task.shift + c), mean = load(task.mean + c);
        SINGLEPATH_UNROLL for (int r = 0; r < kCount; ++r) {
          const long pixel = p + r;
          const Vec raw = load(static_cast<const T*>(task.raw) + pixel * width + c);
          Vec g;
          if (task.pooled)
            g = load_upto(
                    static_cast<const float*>(task.gradient) + pixel / task.pixels * task.gradient_stride, c,
                    channels) *
                inverse;
          else
            g = load_upto(static_cast<const T*>(task.gradient) + pixel * task.gradient_stride, c, channels);
          if (task.factors)
            g = g * load(task.factors + rows[r] + c) + load(task.means_gradient + rows[r] + c) * inverse;
          if (task.out) {
            const Vec out = load_upto(static_cast<const T*>(task.out) + pixel * task.out_stride, c, channels);
            g = task.post == Activation::relu6 ? activate_backward<Activation::relu6>(g, out)
                                               : activate_backward<Activation::relu>(g, out);
            if (task.residual_gradient)
              store_upto(static_cast<T*>(task.residual_gradient) + pixel * task.residual_gradient_stride, c,
                         channels, g);
          }
          g = activate_backward<decltype(activation)::value>(g, raw * scale + shift);
          if (task.sink) store(static_cast<T*>(task.sink) + pixel * width + c, g);
          s += g;
          q += g * (raw - mean);
        }
        store(sum + c, s);
        store(product + c, q);
      }
    };
    for (long panel = begin; panel < end; panel += kPanel) {
      const long panel_end = least(end, panel + kPanel);
      long p = panel;
      for (; p + kRows <= panel_end; p += kRows) block(p, Int<kRows>{});
      for (; p < panel_end; ++p) block(p, Int<1>{});
      flush_sums(scratch, width, sums);
    }
  });
}

template <class T>
void copy_channels(const CopyChannels& task, long begin, long end) {
  for (long p = begin; p < end; ++p) {
    const T* from = static_cast<const T*>(task.from) + p * task.from_stride;
    T* to = static_cast<T*>(task.to) + p * task.to_stride;
    if (task.to_step == 1 && !task.accumulate) {
      copy_pixel(from, task.from_step, to, task.channels);
      continue;
    }
    for (int c = 0; c < task.channels; ++c) {
      const float value = to_float(from[static_cast<long>(c) * task.from_step]);
      T* out = to + static_cast<long>(c) * task.to_step;
      from_float(out, task.accumulate ? to_float(*out) + value : value);
    }
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
