#pragma once

// Depthwise convolution, forward and backward: for one image and a few channel groups, the (normalized,
// activated) input, and backward the output gradients too, are laid out as planes in cache (plane.h); each
// plane is convolved there, and its rows go to the sink.

#include "plane.h"
#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Groups [g0, g1) of one image into planes with `border` columns on both sides; at(y, x) is a pixel as the
// reader takes it.
template <class Reader, class At>
SINGLEPATH_INLINE void fill_planes(const Reader& read, int height, int width, int g0, int g1, int border,
                                   float* planes, long plane_floats, const At& at) {
  for (int y = 0; y < height; ++y)
    for (int group = g0; group < g1; ++group)
      for (int lane = 0; lane < kGroup; lane += kLanes) {
        const auto column = read.column(group * kGroup + lane);
        float* to = planes + (group - g0) * plane_floats +
                    (static_cast<long>(y) * (width + 2 * border) + border) * kGroup + lane;
        for (int x = 0; x < width; ++x) store(to + x * kGroup, column(at(y, x)));
      }
}

template <class T>
inline void fill_input_planes(const Operand& in, const Geometry& g, long image, int g0, int g1, float* planes,
                              long plane_floats) {
  const T* first = static_cast<const T*>(in.data) + image * g.height * g.width * in.pixel_stride;
  with_reader<T>(in, [&](auto read) {
    fill_planes(read, g.height, g.width, g0, g1, g.pad(), planes, plane_floats,
                [&](int y, int x) { return first + (static_cast<long>(y) * g.width + x) * in.pixel_stride; });
  });
}

template <class T>
inline void fill_gradient_planes(const OutputGradient& output, const Geometry& g, int channels, long image,
                                 int g0, int g1, int border, float* planes, long plane_floats) {
  const long first = image * g.out_height * g.out_width;
  with_gradient_reader<T>(output, channels, [&](auto read) {
    fill_planes(read, g.out_height, g.out_width, g0, g1, border, planes, plane_floats,
                [&](int y, int x) { return first + static_cast<long>(y) * g.out_width + x; });
  });
}

// Pixels whose sums are taken in fp32, of a plane that may have ten thousands.
constexpr int kSumPixels = 128;

// Calls sink(first, count) for the pixels of a plane in runs of so many, and takes the sums of its channel
// group, those of [first channel, + kGroup) in `panel`, to the piece's double sums after each.
template <class Sink>
SINGLEPATH_INLINE void sink_plane(int pixels, int channel, int channels, float* panel, double* sums,
                                  const Sink& sink) {
  for (int first = 0; first < pixels; first += kSumPixels) {
    sink(first, least(kSumPixels, pixels - first));
    if (!sums) continue;
    for (int half = 0; half < 2; ++half)
      for (int c = half * channels + channel; c < half * channels + channel + kGroup; ++c) {
        sums[c] += panel[c];
        panel[c] = 0;
      }
  }
}

template <class T>
void depthwise_forward(const DepthwiseForward& task, long begin, long end, float* scratch, double* sums) {
  const Geometry& g = task.geometry;
  const int taps = g.kernel * g.kernel, groups = task.channels / kGroup, chunk = task.chunk_groups();
  const long plane_floats = task.plane_floats(), chunks = task.chunks();
  float* planes = scratch;
  float* out = planes + chunk * plane_floats;
  float* panel_sums = out + static_cast<long>(g.out_height) * g.out_width * kGroup;
  clear(panel_sums, 2L * task.channels);
  clear(planes, chunk * plane_floats);  // the borders stay zero from here on

  for (long item = begin; item < end; ++item) {
    const long image = item / chunks;
    const int g0 = static_cast<int>(item % chunks) * chunk, g1 = least(groups, g0 + chunk);
    fill_input_planes<T>(task.input, g, image, g0, g1, planes, plane_floats);
    for (int group = g0; group < g1; ++group) {
      const T* to = static_cast<const T*>(task.sink.data) +
                    image * g.out_height * g.out_width * task.channels + group * kGroup;
      const Plane plane{planes + (group - g0) * plane_floats, g.height, g.width + 2 * g.pad()};
      const float* w = task.weights + static_cast<long>(group) * taps * kGroup;
      with_kernel_size(g.kernel, g.stride, [&](auto k, auto stride) {
        constexpr int K = decltype(k)::value, S = decltype(stride)::value;
        for (int y = 0; y < g.out_height; ++y) {
          // The sink's memory comes to cache while this row is computed.
          for (int x = 0; x < g.out_width; ++x, to += task.channels) __builtin_prefetch(to);
          float* row = out + static_cast<long>(y) * g.out_width * kGroup;
          if constexpr (K > 0)
            forward_row<K, S>(plane, w, y, g.out_width, row);
          else
            forward_row_any(plane, w, g.kernel, g.stride, y, g.out_width, row);
        }
      });
      sink_plane(g.out_height * g.out_width, group * kGroup, task.channels, panel_sums,
                 task.sink.bias ? nullptr : sums, [&](int first, int count) {
                   sink_forward<T>(task.sink, task.channels, out + static_cast<long>(first) * kGroup, kGroup,
                                   image * g.out_height * g.out_width + first, count, group * kGroup, kGroup,
                                   panel_sums);
                 });
    }
  }
}

template <class T>
void depthwise_backward(const DepthwiseBackward& task, long begin, long end, float* scratch, double* sums) {
  const Geometry& g = task.geometry;
  const int taps = g.kernel * g.kernel, groups = task.channels / kGroup, chunk = task.chunk_groups();
  const int border = task.output_border();
  const long plane_floats = task.plane_floats(), output_floats = task.output_plane_floats(),
             chunks = task.chunks();
  float* planes = scratch;
  float* gradients = planes + chunk * plane_floats;
  float* row = gradients + chunk * output_floats;  // input gradients of one group
  float* panel_sums = row + (g.height + 1L) * (g.width + 16L) * kGroup;
  clear(panel_sums, 2L * task.channels);
  clear(planes, chunk * (plane_floats + output_floats));

  for (long item = begin; item < end; ++item) {
    const long image = item / chunks;
    const int g0 = static_cast<int>(item % chunks) * chunk, g1 = least(groups, g0 + chunk);
    fill_input_planes<T>(task.input, g, image, g0, g1, planes, plane_floats);
    fill_gradient_planes<T>(task.output, g, task.channels, image, g0, g1, border, gradients, output_floats);
    for (int group = g0; group < g1; ++group) {
      const Plane in{planes + (group - g0) * plane_floats, g.height, g.width + 2 * g.pad()};
      const Plane gradient{gradients + (group - g0) * output_floats, g.out_height, g.out_width + 2 * border};
      const float* w = task.weights + static_cast<long>(group) * taps * kGroup;
      float* dw = task.weight_gradient + static_cast<long>(group) * taps * kGroup;
      with_kernel_size(g.kernel, g.stride, [&](auto k, auto stride) {
        constexpr int K = decltype(k)::value, S = decltype(stride)::value;
        if constexpr (K > 0)
          weight_gradient<K, S>(in, gradient, border, g.out_width, dw);
        else
          weight_gradient_any(in, gradient, border, g.kernel, g.stride, g.out_width, dw);
        if (!task.weights) return;
        for (int y = 0; y < g.height; ++y) {
          // A row may come out a column wider than the image; the next row overwrites it.
          float* to = row + static_cast<long>(y) * g.width * kGroup;
          if constexpr (K > 0)
            input_gradient_row<K, S>(gradient, border, w, y, g.out_width, to);
          else
            input_gradient_row_any(gradient, border, w, g.kernel, g.stride, y, g.width, g.out_width, to);
        }
      });
      if (!task.weights) continue;
      sink_plane(g.height * g.width, group * kGroup, task.channels, panel_sums,
                 task.sink.external ? nullptr : sums, [&](int first, int count) {
                   sink_backward<T>(task.sink, task.channels, row + static_cast<long>(first) * kGroup, kGroup,
                                    image * g.height * g.width + first, count, group * kGroup, kGroup,
                                    panel_sums);
                 });
    }
  }
}

// Weights [channels][taps] (rows `row_stride` apart), optionally times row_scale, into [group][tap][kGroup].
inline void pack_depthwise(const float* weights, long row_stride, int channels, int taps,
                           const float* row_scale, float* packed) {
  for (int group = 0; group * kGroup < channels; ++group)
    for (int tap = 0; tap < taps; ++tap)
      for (int lane = 0; lane < kGroup; ++lane) {
        const int channel = group * kGroup + lane;
        const float scale = channel < channels && row_scale ? row_scale[channel] : 1.f;
        packed[(static_cast<long>(group) * taps + tap) * kGroup + lane] =
            channel < channels ? weights[channel * row_stride + tap] * scale : 0.f;
      }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
