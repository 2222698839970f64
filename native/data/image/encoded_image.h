// The bytes of an image as its source has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace singlepath {

enum class Encoding {
  compressed,  // the bytes of a JPEG or PNG file; the decoder looks at them, never at the name
  raw          // rows of interleaved pixels, one byte a channel
};

// Bytes of one image. They live as long as their source, or until the caller's buffer is used again.
struct EncodedImage {
  const uint8_t* data = nullptr;
  size_t size = 0;
  Encoding kind = Encoding::compressed;
  int height = 0, width = 0, channels = 3;  // of raw pixels only
};

}  // namespace singlepath
