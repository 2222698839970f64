// One image after another, decoded as a whole: for looking at a data set and for packing it.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/decoder.h"
#include "data/image/resize.h"
#include "data/sample_source.h"

namespace singlepath {

// Keeps its memory from image to image; for one thread.
class WholeImage {
 public:
  explicit WholeImage(int64_t pixel_limit = kPixelLimit) : decoder_(pixel_limit) {}

  // Reads an image and its header. Throws Error or DecodeError.
  void open(const SampleSource& source, int64_t index);

  const EncodedImage& encoded() const { return encoded_; }
  ImageHeader::Format format() const { return header_.format; }
  // Upright.
  int height() const { return turned() ? header_.width : header_.height; }
  int width() const { return turned() ? header_.height : header_.width; }
  bool upright() const { return header_.orientation == 1; }

  // The opened image in RGB, upright, rows without gaps. Throws DecodeError.
  PixelView decode();

  // The same with its short side scaled to `short_side` pixels; an image that is smaller stays as it is.
  PixelView decode_resized(int short_side);

 private:
  bool turned() const { return header_.orientation >= 5; }

  ImageDecoder decoder_;
  ImageHeader header_;
  EncodedImage encoded_;
  Resizer resizer_;
  ResizeAxis rows_, columns_;
  std::vector<uint8_t> bytes_, upright_, resized_;
};

}  // namespace singlepath
