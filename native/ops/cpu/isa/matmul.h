#pragma once

// 1x1 and k x k convolutions as matrix products, one panel of output pixels at a time:
//
//   read panel a [rows][depth]  (normalized, activated)  ->  gemm  ->  tiles of results  ->  sink
//
// and backward, on the panel g [rows][outputs] of output gradients:
//
//   weight gradient += g^T a        tiles of g W  ->  sink of the input gradient

#include "band.h"
#include "gemm.h"
#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Walks the input pixels under a 1x1 convolution's output pixels.
struct PixelWalk {
  long pixel;  // input pixel
  int x;       // output column
  int y;       // output row
  const Geometry& g;

  PixelWalk(const Geometry& geometry, long out_pixel) : g(geometry) {
    const long image = out_pixel / (static_cast<long>(g.out_height) * g.out_width);
    const long inside = out_pixel % (static_cast<long>(g.out_height) * g.out_width);
    y = static_cast<int>(inside / g.out_width);
    x = static_cast<int>(inside % g.out_width);
    pixel = (image * g.height + static_cast<long>(y) * g.stride) * g.width + static_cast<long>(x) * g.stride;
  }
  void next() {
    pixel += g.stride;
    if (++x < g.out_width) return;
    pixel += static_cast<long>(g.width) * g.stride - static_cast<long>(g.out_width) * g.stride;
    x = 0;
    if (++y < g.out_height) return;
    pixel += (g.height - static_cast<long>(g.out_height) * g.stride) * g.width;
    y = 0;
  }
};

// Rows of a 1x1 convolution: calls take as read_rows does, for output pixels [first, first + rows).
template <class T, class Take>
SINGLEPATH_INLINE void read_pixels(const Operand& in, const Geometry& g, long first, int rows,
                                   const Take& take) {
  const T* data = static_cast<const T*>(in.data);
  const int width = static_cast<int>(padded(in.channels));
  with_reader<T>(in, [&](auto read) {
    if (in.gate) {
      const auto at = [&](int r) {
        return GatedPixel<T>{data + (first + r) * in.pixel_stride,
                             in.gate + (first + r) / in.gate_pixels * in.gate_stride};
      };
      read_rows(GatedReader<T, decltype(read)>{read}, width, rows, at, take);
    } else if (g.stride == 1) {
      const auto at = [&](int r) { return data + (first + r) * in.pixel_stride; };
      read_rows(read, width, rows, at, take);
    } else {
      PixelWalk walk(g, first);
      const auto at = [&](int) {
        const T* pixel = data + walk.pixel * in.pixel_stride;
        walk.next();
        return pixel;
      };
      read_rows(read, width, rows, at, take);
    }
  });
}

// fp32 pixels that need no normalizing and no padding can be multiplied where they are.
template <class T>
inline bool readable_in_place(const Operand& in, const Geometry& g) {
  return sizeof(T) == 4 && !in.scale && !in.gate && in.channel_step == 1 && in.channels % kGroup == 0 &&
         g.stride == 1;
}

// The rows of a float panel, for what needs them as another element.
template <class Take>
SINGLEPATH_INLINE void read_panel(const float* panel, long ld, int depth, int rows, const Take& take) {
  read_rows(
      PlainReader<float, 1>{depth, 1}, static_cast<int>(ld), rows, [&](int r) { return panel + r * ld; },
      take);
}

// Cuts scratch memory into panels of `rows` rows of `width` values, and one row more: reads of two rows at a
// time may touch it.
struct Scratch {
  float* next;
  template <class E>
  SINGLEPATH_INLINE E* panel(int rows, long width) {
    E* start = reinterpret_cast<E*>(next);
    next += (rows + 1) * width;
    return start;
  }
};

template <class T>
void matmul_forward(const MatmulForward& task, long begin, long end, float* scratch, double* sums) {
  using E = typename PanelOf<T>::Element;
  const Geometry& g = task.geometry;
  const int rows = task.rows(), outputs = task.outputs;
  const long ld = padded(task.depth);
  Scratch memory{scratch};
  E* a = memory.panel<E>(rows, ld);
  float* unfolded = kDepth<E> == 1 ? reinterpret_cast<float*>(a) : memory.panel<float>(rows, ld);
  float* panel_sums = memory.panel<float>(0, 2 * outputs);
  float* band = memory.next;
  clear(panel_sums, 2L * outputs);
  const auto take = [&](int row, int channel, Vec first, Vec second)
                        __attribute__((always_inline)) { store_by_rows(a, ld, row, channel, first, second); };

  const long image_pixels = static_cast<long>(g.out_height) * g.out_width;
  for (long item = begin; item < end; ++item) {
    long pixel;
    int count;
    const E* left = a;
    long left_ld = ld;
    if (task.dense) {
      const int image = static_cast<int>(item / task.panels_per_image());
      const int first = static_cast<int>(item % task.panels_per_image()) * rows;
      count = static_cast<int>(least<long>(rows, image_pixels - first));
      pixel = image * image_pixels + first;
      const int y0 = first / g.out_width * g.stride - g.pad();
      const int y1 = (first + count - 1) / g.out_width * g.stride - g.pad() + g.kernel;
      read_band<T>(task.input, g, image, y0, y1, band);
      unfold(band, g, task.input.channels, y0, first, count, unfolded, ld);
      if (kDepth<E> > 1) read_panel(unfolded, ld, task.depth, count, take);
    } else {
      pixel = item * rows;
      count = static_cast<int>(least<long>(rows, g.out_pixels() - pixel));
      if (readable_in_place<T>(task.input, g) && count % kPanelStep == 0) {
        left = static_cast<const E*>(task.input.data) + pixel * task.input.pixel_stride;
        left_ld = task.input.pixel_stride;
      } else {
        read_pixels<T>(task.input, g, pixel, count, take);
      }
    }
    const long stride = pixel_stride(task.sink, outputs);
    const T* to = static_cast<const T*>(task.sink.data) + pixel * stride;
    gemm_tiles(
        left, left_ld / kDepth<E>, static_cast<const E*>(task.weights), count,
        (task.depth + kDepth<E> - 1) / kDepth<E>, outputs,
        [&](int row, int column)
            __attribute__((always_inline)) { __builtin_prefetch(to + row * stride + column); },
        [&](int row, int tile_rows, int column, int width, const float* tile) {
          sink_forward<T>(task.sink, outputs, tile, width, pixel + row, tile_rows, column, width, panel_sums);
        });
    if (!task.sink.bias) flush_sums(panel_sums, outputs, sums);
  }
}

// Gradients of the output pixels [first, first + rows) into a panel by rows and one by columns, which are the
// same memory when the layouts are; null: not wanted.
template <class T, class E>
inline void read_gradients(const OutputGradient& output, int outputs, long first, int rows, E* by_rows,
                           E* by_columns = nullptr) {
  with_gradient_reader<T>(output, outputs, [&](auto read) {
    read_rows(
        read, outputs, rows, [&](int r) { return first + r; },
        [&](int row, int c, Vec v, Vec w) __attribute__((always_inline)) {
          store_by_rows(by_rows, outputs, row, c, v, w);
          if (kDepth<E> > 1 && by_columns) store_by_columns(by_columns, outputs, row, c, v, w);
        });
  });
}

// 1x1: items are panels of output pixels.
template <class T>
inline void pointwise_backward(const MatmulBackward& task, long begin, long end, float* scratch,
                               double* sums) {
  using E = typename PanelOf<T>::Element;
  const Geometry& g = task.geometry;
  const int rows = task.rows(), outputs = task.outputs, width = static_cast<int>(padded(task.depth));
  Scratch memory{scratch};
  E* gradient = memory.panel<E>(rows, outputs);
  E* gradient_columns = kDepth<E> == 1 ? gradient : memory.panel<E>(rows, outputs);
  E* a = memory.panel<E>(rows, width);
  float* c = memory.panel<float>(rows, width);
  float* panel_sums = memory.next;
  clear(panel_sums, 2L * width);
  const auto take = [&](int row, int channel, Vec first, Vec second) __attribute__((always_inline)) {
    store_by_columns(a, width, row, channel, first, second);
  };

  for (long item = begin; item < end; ++item) {
    const long pixel = item * rows;
    const int count = static_cast<int>(least<long>(rows, g.out_pixels() - pixel));
    const int steps = (count + kDepth<E> - 1) / kDepth<E>;
    read_gradients<T>(task.output, outputs, pixel, count, gradient, gradient_columns);
    const E* right = a;
    long right_ld = width;
    if (readable_in_place<T>(task.input, g)) {
      right = static_cast<const E*>(task.input.data) + pixel * task.input.pixel_stride;
      right_ld = task.input.pixel_stride;
    } else {
      read_pixels<T>(task.input, g, pixel, count, take);
    }
    gemm_tn(gradient_columns, outputs, right, right_ld, task.weight_gradient, width, steps, outputs, width);
    if (!task.weights) continue;
    if (g.stride == 1) {
      gemm_tiles(
          gradient, outputs / kDepth<E>, static_cast<const E*>(task.weights), count, outputs / kDepth<E>,
          width, [](int, int) {},
          [&](int row, int tile_rows, int column, int columns, const float* tile) {
            sink_backward<T>(task.sink, width, tile, columns, pixel + row, tile_rows, column, columns,
                             panel_sums);
          });
    } else {
      gemm(gradient, outputs / kDepth<E>, static_cast<const E*>(task.weights), c, width, count,
           outputs / kDepth<E>, width);
      PixelWalk walk(g, pixel);
      for (int r = 0; r < count; ++r, walk.next())
        sink_backward<T>(task.sink, width, c + static_cast<long>(r) * width, width, walk.pixel, 1, 0, width,
                         panel_sums);
    }
    if (!task.sink.external) flush_sums(panel_sums, width, sums);
  }
}

// k x k: items are images, because neighbouring panels add to the same input pixels.
template <class T>
inline void dense_backward(const MatmulBackward& task, long begin, long end, float* scratch, double* sums) {
  using E = typename PanelOf<T>::Element;
  const Geometry& g = task.geometry;
  const int rows = task.rows(), outputs = task.outputs, depth = static_cast<int>(padded(task.depth));
  const int channels = task.input.channels, width = static_cast<int>(padded(channels));
  const int image_pixels = g.out_height * g.out_width, line = (g.width + 2 * g.pad()) * channels;
  Scratch memory{scratch};
  E* gradient = memory.panel<E>(rows, outputs);
  E* gradient_columns = kDepth<E> == 1 ? gradient : memory.panel<E>(rows, outputs);
  E* a = memory.panel<E>(rows, depth);
  float* unfolded = kDepth<E> == 1 ? reinterpret_cast<float*>(a) : memory.panel<float>(rows, depth);
  float* c = memory.panel<float>(rows, depth);
  float* panel_sums = memory.next;
  float* tile = panel_sums + 2 * width;  // one row of input pixels, padded
  float* plane = tile + static_cast<long>(g.width) * width;
  float* plane_gradient = plane + task.plane_floats();
  clear(panel_sums, 2L * width);
  clear(plane_gradient + task.plane_floats() - 64, 64);

  const auto take = [&](int row, int column, Vec first, Vec second) __attribute__((always_inline)) {
    store_by_columns(a, depth, row, column, first, second);
  };

  const int y0 = -g.pad();
  for (long image = begin; image < end; ++image) {
    read_band<T>(task.input, g, static_cast<int>(image), y0, g.height + g.pad(), plane);
    if (task.weights) clear(plane_gradient, task.plane_floats());
    for (int first = 0; first < image_pixels; first += rows) {
      const int count = least(rows, image_pixels - first);
      read_gradients<T>(task.output, outputs, image * image_pixels + first, count, gradient,
                        gradient_columns);
      unfold(plane, g, channels, y0, first, count, unfolded, depth);
      if (kDepth<E> > 1) read_panel(unfolded, depth, task.depth, count, take);
      gemm_tn(gradient_columns, outputs, a, depth, task.weight_gradient, depth,
              (count + kDepth<E> - 1) / kDepth<E>, outputs, depth);
      if (!task.weights) continue;
      gemm(gradient, outputs / kDepth<E>, static_cast<const E*>(task.weights), c, depth, count,
           outputs / kDepth<E>, depth);
      fold(c, depth, g, channels, y0, first, count, plane_gradient);
    }
    if (!task.weights) continue;
    for (int y = 0; y < g.height; ++y) {
      const float* from = plane_gradient + static_cast<long>(y + g.pad()) * line + g.pad() * channels;
      for (int x = 0; x < g.width; ++x, from += channels) {
        float* to = tile + static_cast<long>(x) * width;
        for (int ch = 0; ch < width; ch += kLanes) store(to + ch, load(from + ch));
        for (int ch = channels; ch < width; ++ch) to[ch] = 0;
      }
      sink_backward<T>(task.sink, width, tile, width, (image * g.height + y) * g.width, g.width, 0, width,
                       panel_sums);
    }
    if (!task.sink.external) flush_sums(panel_sums, width, sums);
  }
}

template <class T>
void matmul_backward(const MatmulBackward& task, long begin, long end, float* scratch, double* sums) {
  if (task.dense)
    dense_backward<T>(task, begin, end, scratch, sums);
  else
    pointwise_backward<T>(task, begin, end, scratch, sums);
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
