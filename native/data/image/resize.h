// Antialiased bilinear resizing of a part of an image: the triangle filter of Pillow and torchvision.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/pixels.h"

namespace singlepath {

// One side of a resize: which source pixels make an output pixel, and how much of each.
class ResizeAxis {
 public:
  // The source from `begin` to `begin + length` becomes `full` pixels, of which `count` from `first` on are
  // wanted. No pixel outside of [low, high) is looked at.
  void plan(double begin, double length, int low, int high, int64_t full, int64_t first, int count);

  int count() const { return static_cast<int>(starts_.size()); }
  // Source pixels in use: [source_begin, source_end).
  int source_begin() const { return source_begin_; }
  int source_end() const { return source_end_; }
  int start(int output) const { return starts_[static_cast<size_t>(output)]; }  // first source pixel
  int size(int output) const { return sizes_[static_cast<size_t>(output)]; }    // source pixels that count
  // Weights in memory for every output pixel: a multiple of 4, zeros behind those that count.
  int taps() const { return taps_; }
  const int16_t* weights(int output) const {
    return weights_.data() + static_cast<ptrdiff_t>(output) * taps_;
  }

 private:
  int source_begin_ = 0, source_end_ = 0, taps_ = 0;
  std::vector<int> starts_, sizes_;
  std::vector<double> exact_;
  std::vector<int16_t> weights_;  // 14-bit fixed point, each output pixel's sum is exactly 1
};

// Integer arithmetic throughout, so that every instruction set gives the same bytes: rows first, with 7 bits
// after the point kept between the two passes (hence within one grey level of torchvision, which rounds
// there).
class Resizer {
 public:
  // `source` holds the window [rows.source_begin, rows.source_end) x [columns.source_begin, ...) of the
  // image. Writes rows.count() x columns.count() pixels without gaps, mirrored left to right where `flip`
  // says so.
  void resize(const PixelView& source, const ResizeAxis& rows, const ResizeAxis& columns, bool flip,
              uint8_t* out);

  // Takes the plain loops even where the processor has better: for tests.
  void use_portable() { portable_ = true; }

 private:
  bool portable_ = false;
  std::vector<int16_t> row_;
};

}  // namespace singlepath
