#include "data/image/resize.h"

#include <algorithm>
#include <cmath>

#include "data/image/resize_rows.h"

namespace singlepath {
namespace {

constexpr int kOne = 1 << kWeightBits;

int next_multiple_of_4(int value) {
  return (value + 3) & ~3;
}

// For any number of channels.
void horizontal_plain(const int16_t* row, const ResizeAxis& columns, int channels, uint8_t* out,
                      ptrdiff_t step) {
  for (int x = 0; x < columns.count(); x++, out += step) {
    const int16_t* from = row + channels * (columns.start(x) - columns.source_begin());
    const int16_t* weights = columns.weights(x);
    for (int c = 0; c < channels; c++) {
      int sum = 1 << (kWeightBits + kRowBits - 1);
      for (int k = 0; k < columns.size(x); k++) sum += from[k * channels + c] * weights[k];
      out[c] = static_cast<uint8_t>(sum >> (kWeightBits + kRowBits));
    }
  }
}

}  // namespace

void ResizeAxis::plan(double begin, double length, int low, int high, int64_t full, int64_t first,
                      int count) {
  const double scale = length / static_cast<double>(full), reach = std::max(scale, 1.0);
  const auto bounds = [&](int64_t output, int* from, int* to) {
    const double centre = begin + (static_cast<double>(output) + 0.5) * scale;
    *from = std::clamp(static_cast<int>(std::floor(centre - reach + 0.5)), low, high - 1);
    *to = std::clamp(static_cast<int>(std::floor(centre + reach + 0.5)), *from + 1, high);
    return centre;
  };
  starts_.resize(static_cast<size_t>(count));
  sizes_.resize(static_cast<size_t>(count));
  taps_ = 4;
  for (int i = 0; i < count; i++) {
    int to = 0;
    bounds(first + i, &starts_[static_cast<size_t>(i)], &to);
    sizes_[static_cast<size_t>(i)] = to - starts_[static_cast<size_t>(i)];
    taps_ = std::max(taps_, next_multiple_of_4(sizes_[static_cast<size_t>(i)]));
  }
  source_begin_ = starts_.front();
  source_end_ = starts_.back() + sizes_.back();
  weights_.assign(static_cast<size_t>(count) * static_cast<size_t>(taps_), 0);
  for (int i = 0; i < count; i++) {
    int from = 0, to = 0;
    const double centre = bounds(first + i, &from, &to);
    exact_.clear();
    double sum = 0;
    for (int at = from; at < to; at++) {
      exact_.push_back(std::max(0.0, 1 - std::abs(at - centre + 0.5) / reach));
      sum += exact_.back();
    }
    int16_t* weights = weights_.data() + static_cast<ptrdiff_t>(i) * taps_;
    int left = kOne, largest = 0;
    for (int k = 0; k < to - from; k++) {
      const double share = sum > 0 ? exact_[static_cast<size_t>(k)] / sum : 1.0 / (to - from);
      weights[k] = static_cast<int16_t>(std::lround(share * kOne));
      left -= weights[k];
      if (weights[k] > weights[largest]) largest = k;
    }
    weights[largest] = static_cast<int16_t>(weights[largest] + left);  // an even area stays what it is
  }
}

void Resizer::resize(const PixelView& source, const ResizeAxis& rows, const ResizeAxis& columns, bool flip,
                     uint8_t* out) {
  const ResizeRows& loops = portable_ ? portable_resize_rows() : resize_rows();
  const int bytes = source.width * source.channels;
  int16_t* row = ensure(row_, static_cast<size_t>(bytes + kRowSlack));
  const ptrdiff_t step = flip ? -source.channels : source.channels;
  const ptrdiff_t out_stride = static_cast<ptrdiff_t>(columns.count()) * source.channels;
  for (int y = 0; y < rows.count(); y++, out += out_stride) {
    loops.vertical(source.row(rows.start(y) - rows.source_begin()), source.stride, rows.weights(y),
                   rows.size(y), bytes, row);
    uint8_t* first = flip ? out + out_stride - source.channels : out;
    if (source.channels == 3) {
      loops.horizontal(row, columns, first, step);
    } else {
      horizontal_plain(row, columns, source.channels, first, step);
    }
  }
}

}  // namespace singlepath
