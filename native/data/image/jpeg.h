// Decoding JPEG, with libjpeg-turbo or faster: the whole picture or a part of it.
#pragma once

#include <memory>
#include <vector>

#include "data/image/pixels.h"

namespace singlepath {

struct JpegHeader {
  int height = 0, width = 0;
  bool grey = false;
};

// Baseline, progressive and arithmetic-coded files; grey, YCbCr, RGB, CMYK and YCCK. Pixels are those of
// libjpeg-turbo's exact inverse DCT with smooth ("fancy") chroma upsampling, which Pillow and torchvision use
// as well. Keeps its memory from picture to picture; for one thread.
class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();

  // Reads the header. `data` must live until decode() is done. Throws DecodeError.
  JpegHeader open(const uint8_t* data, size_t size);

  // Decodes `window` of the opened picture scaled down by `denominator` (1, 2, 4, 8; sides are rounded up) to
  // `channels` channels, 1 (grey) or 3 (RGB). A decoded window is equal to that part of the whole picture.
  // Throws DecodeError, also for a file that ends early.
  PixelView decode(const Window& window, int denominator, int channels, std::vector<uint8_t>& buffer);

  // Leaves every file to libjpeg, for comparison.
  void use_libjpeg() { own_ = false; }
  // Whether the last decode() was BaselineJpeg's.
  bool was_own() const { return was_own_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool own_ = true, was_own_ = false;
};

}  // namespace singlepath
