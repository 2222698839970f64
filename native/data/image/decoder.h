// One way to the pixels of an encoded image, whatever its format.
#pragma once

#include <vector>

#include "data/image/encoded_image.h"
#include "data/image/jpeg.h"
#include "data/image/pixels.h"
#include "data/image/png.h"

namespace singlepath {

// Width times height beyond which an image is taken for a decompression bomb (Pillow warns at half of it).
constexpr int64_t kPixelLimit = 178'956'970;

struct ImageHeader {
  enum class Format { jpeg, png, raw } format = Format::raw;
  int height = 0, width = 0;  // as stored
  int orientation = 1;        // EXIF's: what turns the stored picture upright (1: nothing)
};

// Keeps its memory from image to image; for one thread.
class ImageDecoder {
 public:
  explicit ImageDecoder(int64_t pixel_limit = kPixelLimit) : pixel_limit_(pixel_limit) {}

  // Reads the header. The bytes must live until decode() is done. Throws DecodeError: neither JPEG nor PNG,
  // no pixels, more than the limit.
  ImageHeader open(const EncodedImage& image);

  // Decodes `window` (in stored orientation) of the opened image to 1 (grey) or 3 (RGB) channels. A JPEG may
  // be scaled down by `denominator` (1, 2, 4, 8), `window` is then in scaled pixels; other formats take 1
  // only. The view lives until the next call. Throws DecodeError.
  PixelView decode(const Window& window, int channels, int denominator = 1);

 private:
  PixelView raw_window(const Window& window, int channels);

  const int64_t pixel_limit_;
  EncodedImage image_;
  ImageHeader header_;
  JpegDecoder jpeg_;
  PngDecoder png_;
  std::vector<uint8_t> buffer_;
};

// Where a window of the upright picture of height x width lies in the stored one.
Window stored_window(const Window& upright, int orientation, int height, int width);

// Writes `from` turned upright (EXIF orientation 1 to 8) to `to`, rows without gaps. Orientations of 5 and
// more swap the sides.
void write_upright(const PixelView& from, int orientation, uint8_t* to);

}  // namespace singlepath
