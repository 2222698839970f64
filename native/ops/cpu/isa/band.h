#pragma once

// The input of a k x k convolution over all channels: rows of an image in a band, from there into the panel
// that matmul.h multiplies, and gradients the way back.

#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

// Input rows [y0, y1) of an image (rows outside are zero) into band [y][width + 2 pad][channels], borders
// zero.
template <class T>
inline void read_band(const Operand& in, const Geometry& g, int image, int y0, int y1, float* band) {
  const int channels = in.channels, line = (g.width + 2 * g.pad()) * channels;
  const T* data = static_cast<const T*>(in.data);
  with_reader<T>(in, [&](auto read) {
    for (int y = y0; y < y1; ++y) {
      float* to = band + static_cast<long>(y - y0) * line;
      clear(to, line);
      if (y < 0 || y >= g.height) continue;
      const T* from = data + (static_cast<long>(image) * g.height + y) * g.width * in.pixel_stride;
      float* pixel = to + g.pad() * channels;
      if (!in.scale && in.channel_step == 1 &&
          in.pixel_stride == channels) {  // images: one run of values a row
        const int run = g.width * channels;
        for (int i = 0; i < run; i += kLanes)
          if (i + kLanes <= run)
            store(pixel + i, load(from + i));
          else
            store_first(pixel + i, load_first(from + i, run - i), run - i);
        continue;
      }
      for (int x = 0; x < g.width; ++x, pixel += channels, from += in.pixel_stride)
        for (int c = 0; c < channels; c += kLanes)
          if (c + kLanes <= channels)
            store(pixel + c, read.column(c)(from));
          else
            store_first(pixel + c, read.column(c)(from), channels - c);
    }
  });
}

// Panel rows for output pixels [first, first + rows) of an image from its band starting at input row y0: for
// each kernel row, kernel * channels consecutive floats of the band.
inline void unfold(const float* band, const Geometry& g, int channels, int y0, int first, int rows,
                   float* panel, long ld) {
  const int line = (g.width + 2 * g.pad()) * channels, run = g.kernel * channels;
  int y = first / g.out_width, x = first % g.out_width;
  for (int r = 0; r < rows; ++r) {
    const float* from =
        band + static_cast<long>(y * g.stride - g.pad() - y0) * line + x * g.stride * channels;
    float* to = panel + r * ld;
    for (int ky = 0; ky < g.kernel; ++ky, from += line, to += run)
      for (int c = 0; c < run; c += kLanes) store(to + c, load(from + c));
    if (++x == g.out_width) {
      x = 0;
      ++y;
    }
  }
}

// The transpose of unfold: adds panel rows onto the band.
inline void fold(const float* panel, long ld, const Geometry& g, int channels, int y0, int first, int rows,
                 float* band) {
  const int line = (g.width + 2 * g.pad()) * channels, run = g.kernel * channels;
  int y = first / g.out_width, x = first % g.out_width;
  for (int r = 0; r < rows; ++r) {
    float* to = band + static_cast<long>(y * g.stride - g.pad() - y0) * line + x * g.stride * channels;
    const float* from = panel + r * ld;
    for (int ky = 0; ky < g.kernel; ++ky, to += line, from += run) {
      int c = 0;
      for (; c + kLanes <= run; c += kLanes) store(to + c, load(to + c) + load(from + c));
      for (; c < run; ++c) to[c] += from[c];
    }
    if (++x == g.out_width) {
      x = 0;
      ++y;
    }
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
