// Decoding PNG with libpng.
#pragma once

#include <memory>
#include <vector>

#include "data/image/pixels.h"

namespace singlepath {

struct PngHeader {
  int height = 0, width = 0;
  int orientation = 1;  // of an eXIf block before the pixels
};

// All colour types, depths and interlacing. 16 bits are scaled to 8, palettes expanded, transparency dropped
// (as Pillow's convert('RGB') and torchvision do). For one thread.
class PngDecoder {
 public:
  PngDecoder();
  ~PngDecoder();

  // Reads the header. `data` must live until decode() is done. Throws DecodeError.
  PngHeader open(const uint8_t* data, size_t size);

  // Decodes `window` of the opened picture to 1 (grey) or 3 (RGB) channels. Throws DecodeError.
  PixelView decode(const Window& window, int channels, std::vector<uint8_t>& buffer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace singlepath
