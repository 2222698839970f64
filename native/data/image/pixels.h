// Pixels in memory, and parts of an image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace singlepath {

// Rows of interleaved pixels, one byte a channel, in somebody else's memory.
struct PixelView {
  const uint8_t* data = nullptr;
  int height = 0, width = 0, channels = 0;
  ptrdiff_t stride = 0;  // bytes from a row to the next

  const uint8_t* row(int y) const { return data + y * stride; }
};

// A rectangle of whole pixels.
struct Window {
  int top = 0, left = 0, height = 0, width = 0;
};

// Grows `buffer` to at least `bytes`; it never shrinks, so that a worker's buffers are allocated a few times
// only.
template <class T>
T* ensure(std::vector<T>& buffer, size_t count) {
  if (buffer.size() < count) buffer.resize(count);
  return buffer.data();
}

// ITU-R 601-2 luma in 16-bit fixed point, as libjpeg and Pillow have it.
inline uint8_t luma(int red, int green, int blue) {
  return static_cast<uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

// Bytes that are no image, or none that may be decoded. The message completes "Cannot decode '...': ".
class DecodeError : public std::runtime_error {
 public:
  explicit DecodeError(const std::string& reason) : std::runtime_error(reason) {}
};

}  // namespace singlepath
