#pragma once

// Moving pixels between tensors and fp32 panels: reading operands (normalize + activate on the way), and the
// sinks that take a tile of results [pixels][channels] to memory with everything that hangs on it
// (statistics, masks, residuals).

#include "activations.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Vector c of a pixel whose channels may end inside it.
template <class T>
SINGLEPATH_INLINE Vec load_upto(const T* pixel, int c, int channels) {
  if (c + kLanes <= channels) return load(pixel + c);
  return c < channels ? load_first(pixel + c, channels - c) : zero();
}
template <class T>
SINGLEPATH_INLINE void store_upto(T* pixel, int c, int channels, Vec v) {
  if (c + kLanes <= channels)
    store(pixel + c, v);
  else if (c < channels)
    store_first(pixel + c, v, channels - c);
}

// Pixels between the one read and the one fetched into cache on the side. Pixels are read in blocks, all of
// one column first, an order that the hardware does not see as a stream.
template <class T>
SINGLEPATH_INLINE long pixels_ahead(long stride) {
  constexpr long kBytesAhead = 8192;
  return kBytesAhead / (stride * static_cast<long>(sizeof(T))) + 1;
}

// Readers: column(c) is a function from a pixel to its kLanes channels from c on, with what these channels
// need in registers. Channels behind the last are zero.
template <class T, class A>
struct NormalizedReader {
  const float *scale, *shift;
  long ahead;  // elements
  SINGLEPATH_INLINE auto column(int c) const {
    return [c, ahead = ahead, slope = load(scale + c), start = load(shift + c)](const T* pixel)
               __attribute__((always_inline)) {
                 __builtin_prefetch(pixel + c + ahead);
                 return activate<A::value>(load(pixel + c) * slope + start);
               };
  }
};

template <class T, int Step>
struct PlainReader {
  int channels, step;
  SINGLEPATH_INLINE auto column(int c) const {
    return [*this, c](const T* pixel) __attribute__((always_inline)) {
      if (Step && c + kLanes <= channels)
        return Step == 1 ? load(pixel + c) : from_stored(load_every_second(pixel + 2 * c));
      if (Step == 1) return c < channels ? load_first(pixel + c, channels - c) : zero();
      alignas(64) float lanes[kLanes] = {};
      for (int i = 0; i < kLanes && c + i < channels; ++i)
        lanes[i] = to_float(pixel[static_cast<long>(c + i) * step]);
      return load(lanes);
    };
  }
};

// Of pixels times the gates of their images.
template <class T>
struct GatedPixel {
  const T* values;
  const float* gate;
};

template <class T, class Reader>
struct GatedReader {
  Reader read;
  SINGLEPATH_INLINE auto column(int c) const {
    return [c, values = read.column(c)](GatedPixel<T> pixel)
               __attribute__((always_inline)) { return values(pixel.values) * load(pixel.gate + c); };
  }
};

// Calls body(reader) with the reader made for this operand; a gate is left to the caller.
template <class T, class Body>
SINGLEPATH_INLINE void with_reader(const Operand& in, const Body& body) {
  if (in.scale)
    return with_activation(in.activation, [&](auto activation) {
      const long ahead = pixels_ahead<T>(in.pixel_stride) * in.pixel_stride;
      body(NormalizedReader<T, decltype(activation)>{in.scale, in.shift, ahead});
    });
  if (in.channel_step == 1) return body(PlainReader<T, 1>{in.channels, 1});
  if (in.channel_step == 2) return body(PlainReader<T, 2>{in.channels, 2});
  body(PlainReader<T, 0>{in.channels, in.channel_step});
}

// The gradient at raw outputs, of pixels given by number.
template <class T, class A>
struct GradientReader {
  const OutputGradient& output;
  long width;  // of raw
  SINGLEPATH_INLINE auto column(int c) const {
    Vec scale = zero(), shift = zero();
    if (A::value != Activation::none) scale = load(output.scale + c), shift = load(output.shift + c);
    return [scale, shift, c, c0 = load(output.c0 + c), c1 = load(output.c1 + c), c2 = load(output.c2 + c),
            gradients = static_cast<const T*>(output.gradient), stride = output.stride,
            channels = output.channels, values = static_cast<const T*>(output.raw) + c, width = width,
            far = pixels_ahead<T>(width)](long pixel) __attribute__((always_inline)) {
      __builtin_prefetch(values + (pixel + far) * width);
      __builtin_prefetch(gradients + (pixel + far) * stride + c);
      const Vec raw = load(values + pixel * width);
      const Vec g = activate_backward<A::value>(load_upto(gradients + pixel * stride, c, channels),
                                                raw * scale + shift);
      return g * c0 + (raw * c1 + c2);
    };
  }
};

template <class T, class Body>
SINGLEPATH_INLINE void with_gradient_reader(const OutputGradient& output, long width, const Body& body) {
  with_activation(output.activation,
                  [&](auto activation) { body(GradientReader<T, decltype(activation)>{output, width}); });
}

// Pixels handled together, each from the first channel to the last: memory is walked nearly in order, and
// what belongs to a channel is loaded once for all of them.
constexpr int kBlockPixels = 8;

// Reads `rows` pixels, at(0), at(1), … (called in order), of `width` padded channels, and calls
// take(row, c, first, second) for every two rows; an odd last row has a row of zeros beside it.
template <class Reader, class At, class Take>
SINGLEPATH_INLINE void read_rows(const Reader& read, int width, int rows, const At& at, const Take& take) {
  for (int start = 0; start < rows; start += kBlockPixels) {
    const int count = least(kBlockPixels, rows - start);
    decltype(at(0)) pixels[kBlockPixels];
    for (int i = 0; i < count; ++i) pixels[i] = at(start + i);
    for (int c = 0; c < width; c += kLanes) {
      const auto column = read.column(c);
      if (count == kBlockPixels) {
        SINGLEPATH_UNROLL for (int i = 0; i < kBlockPixels; i += 2)
            take(start + i, c, column(pixels[i]), column(pixels[i + 1]));
      } else {
        for (int i = 0; i < count; i += 2)
          take(start + i, c, column(pixels[i]), i + 1 < count ? column(pixels[i + 1]) : zero());
      }
    }
  }
}

// Panels of matrix products, `ld` values a row. By rows is what gemm reads as a; by columns is what gemm_tn
// reads, where a Pair holds two rows. With floats both are the same.
SINGLEPATH_INLINE void store_by_rows(float* panel, long ld, int row, int c, Vec first, Vec second) {
  store(panel + row * ld + c, first);
  store(panel + (row + 1) * ld + c, second);
}
SINGLEPATH_INLINE void store_by_columns(float* panel, long ld, int row, int c, Vec first, Vec second) {
  store_by_rows(panel, ld, row, c, first, second);
}
#if defined(SINGLEPATH_PAIRS)
SINGLEPATH_INLINE void store_by_rows(Pair* panel, long ld, int row, int c, Vec first, Vec second) {
  bf16* line = reinterpret_cast<bf16*>(panel) + row * ld + c;
  store(line, first);
  store(line + ld, second);
}
SINGLEPATH_INLINE void store_by_columns(Pair* panel, long ld, int row, int c, Vec first, Vec second) {
  store_pairs(panel + row / 2 * ld + c, first, second);
}
#endif

// Column sums of one panel go from fp32 to the piece's double sums and start again from zero.
inline void flush_sums(float* panel, int channels, double* sums) {
  for (int i = 0; i < 2 * channels; ++i) sums[i] += panel[i];
  clear(panel, 2L * channels);
}

// ---- forward ----

SINGLEPATH_INLINE long pixel_stride(const ForwardSink& sink, long width) {
  return sink.pixel_stride ? sink.pixel_stride : width;
}

// tile[pixels][channels], rows `ld` apart, to `pixel...` and `channel...` of the sink, whose pixels have
// `width` channels.
template <class T>
inline void sink_forward(const ForwardSink& sink, long width, const float* tile, long ld, long pixel,
                         int pixels, int channel, int channels, float* sums) {
  const long stride = pixel_stride(sink, width);
  T* out = static_cast<T*>(sink.data) + pixel * stride + channel;
  if (sink.bias) {
    with_activation(sink.activation, [&](auto activation) {
      for (int r = 0; r < pixels; ++r)
        for (int c = 0; c < channels; c += kLanes)
          store(out + r * stride + c, activate<decltype(activation)::value>(load(tile + r * ld + c) +
                                                                            load(sink.bias + channel + c)));
    });
    return;
  }
  float *sum = sums + channel, *square = sums + width + channel;
  for (int first = 0; first < pixels; first += kBlockPixels) {
    const int last = least(pixels, first + kBlockPixels);
    for (int c = 0; c < channels; c += kLanes) {
      Vec s = load(sum + c), q = load(square + c);
      for (int r = first; r < last; ++r) {
        const Vec v = load(tile + r * ld + c);
        store(out + r * stride + c, v);
        s += v;
        q += v * v;
      }
      store(sum + c, s);
      store(square + c, q);
    }
  }
}

// ---- backward ----

// Gradient of a normalized and activated value into the padded buffer of the unit before, with its two sums.
template <class T>
inline void sink_inside(const BackwardSink& sink, long width, const float* tile, long ld, long pixel,
                        int pixels, int channel, int channels, float* sums) {
  T* out = static_cast<T*>(sink.data) + pixel * width + channel;
  const T* raw = static_cast<const T*>(sink.raw) + pixel * width + channel;
  float *sum = sums + channel, *product = sums + width + channel;
  with_activation(sink.activation, [&](auto activation) {
    for (int first = 0; first < pixels; first += kBlockPixels) {
      const int last = least(pixels, first + kBlockPixels);
      for (int c = 0; c < channels; c += kLanes) {
        Vec s = load(sum + c), q = load(product + c);
        const Vec scale = load(sink.scale + channel + c), shift = load(sink.shift + channel + c);
        const Vec mean = load(sink.mean + channel + c);
        for (int r = first; r < last; ++r) {
          const Vec t = load(raw + r * width + c);
          const Vec g =
              activate_backward<decltype(activation)::value>(load(tile + r * ld + c), t * scale + shift);
          store(out + r * width + c, g);
          s += g;
          q += g * (t - mean);
        }
        store(sum + c, s);
        store(product + c, q);
      }
    }
  });
}

// Gradient of the chain's input into the caller's tensor.
template <class T>
inline void sink_outside(const BackwardSink& sink, const float* tile, long ld, long pixel, int pixels,
                         int channel, int channels) {
  channels = least(channels, sink.channels - channel);
  const int step = sink.channel_step;
  for (int r = 0; r < pixels; ++r) {
    T* out = static_cast<T*>(sink.data) + (pixel + r) * sink.pixel_stride + static_cast<long>(channel) * step;
    const T* add =
        sink.add ? static_cast<const T*>(sink.add) + (pixel + r) * sink.add_stride + channel : nullptr;
    const float* row = tile + r * ld;
    if (sink.interleave) {
      const T* even = static_cast<const T*>(sink.interleave) + (pixel + r) * sink.interleave_stride + channel;
      int c = 0;
      for (; c + kLanes <= channels; c += kLanes)
        store_interleaved(out + 2 * c - 1, load_stored(even + c), as_stored(out, load(row + c)));
      for (; c < channels; ++c) {
        out[2 * c - 1] = even[c];
        from_float(out + 2 * c, row[c]);
      }
    } else if (step == 1) {
      for (int c = 0; c < channels; c += kLanes) {
        const int n = least(kLanes, channels - c);
        if (n == kLanes) {
          Vec v = load(row + c);
          if (add) v += load(add + c);
          if (sink.accumulate) v += load(out + c);
          store(out + c, v);
        } else {
          Vec v = load(row + c);
          if (add) v += load_first(add + c, n);
          if (sink.accumulate) v += load_first(out + c, n);
          store_first(out + c, v, n);
        }
      }
    } else {
      for (int c = 0; c < channels; ++c) {
        T* p = out + static_cast<long>(c) * step;
        from_float(p, row[c] + (add ? to_float(add[c]) : 0.f) + (sink.accumulate ? to_float(*p) : 0.f));
      }
    }
  }
}

// `width` is the padded channel count of the convolution's input.
template <class T>
inline void sink_backward(const BackwardSink& sink, long width, const float* tile, long ld, long pixel,
                          int pixels, int channel, int channels, float* sums) {
  if (sink.external)
    sink_outside<T>(sink, tile, ld, pixel, pixels, channel, channels);
  else
    sink_inside<T>(sink, width, tile, ld, pixel, pixels, channel, channels, sums);
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
