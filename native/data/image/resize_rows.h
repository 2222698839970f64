// The two inner loops of a resize.
#pragma once

#include <cstdint>

#include "data/image/resize.h"

namespace singlepath {

constexpr int kWeightBits = 14, kRowBits = 7;
// What the loops may read beyond the end of a row of sums.
constexpr int kRowSlack = 32;

struct ResizeRows {
  // out[i] = sum over k of weights[k] times byte i of row k, with kRowBits after the point.
  void (*vertical)(const uint8_t* first, ptrdiff_t stride, const int16_t* weights, int size, int bytes,
                   int16_t* out);
  // A row of three-channel output pixels from a row of such sums. `step` is 3, or -3 to write from `out`
  // backwards.
  void (*horizontal)(const int16_t* row, const ResizeAxis& columns, uint8_t* out, ptrdiff_t step);
};

const ResizeRows& portable_resize_rows();
// The best this processor has; SINGLEPATH_ISA=portable takes the plain loops.
const ResizeRows& resize_rows();

}  // namespace singlepath
