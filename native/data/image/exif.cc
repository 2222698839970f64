#include "data/image/exif.h"

#include <cstring>

namespace singlepath {
namespace {

// Numbers of a TIFF block in its own byte order; reads beyond the end give 0.
struct TiffReader {
  const uint8_t* data;
  size_t size;
  bool big_endian;

  uint32_t number(size_t at, int bytes) const {
    if (at > size || size - at < static_cast<size_t>(bytes)) return 0;
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
      value = value << 8 | data[at + static_cast<size_t>(big_endian ? i : bytes - 1 - i)];
    return value;
  }
};

constexpr uint32_t kOrientationTag = 0x0112, kShort = 3;

}  // namespace

int tiff_orientation(const uint8_t* data, size_t size) {
  if (size < 8) return 1;
  const bool big_endian = data[0] == 'M' && data[1] == 'M';
  if (!big_endian && !(data[0] == 'I' && data[1] == 'I')) return 1;
  const TiffReader tiff{data, size, big_endian};
  if (tiff.number(2, 2) != 42) return 1;
  const size_t directory = tiff.number(4, 4);
  const uint32_t entries = tiff.number(directory, 2);
  for (uint32_t i = 0; i < entries; i++) {
    const size_t entry = directory + 2 + 12 * static_cast<size_t>(i);
    if (entry + 12 > size) return 1;
    if (tiff.number(entry, 2) != kOrientationTag || tiff.number(entry + 2, 2) != kShort) continue;
    const uint32_t value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int jpeg_orientation(const uint8_t* data, size_t size) {
  constexpr uint8_t kStartOfScan = 0xda, kEndOfImage = 0xd9, kApp1 = 0xe1;
  static const char kHeading[6] = {'E', 'x', 'i', 'f', 0, 0};
  size_t at = 2;  // after the start of the image
  while (at + 4 <= size && data[at] == 0xff) {
    const uint8_t marker = data[at + 1];
    if (marker == 0xff) {  // a fill byte
      at++;
      continue;
    }
    if (marker == kStartOfScan || marker == kEndOfImage) return 1;
    const size_t length = static_cast<size_t>(data[at + 2]) << 8 | data[at + 3];
    if (length < 2 || at + 2 + length > size) return 1;
    const uint8_t* body = data + at + 4;
    if (marker == kApp1 && length >= 8 && std::memcmp(body, kHeading, 6) == 0) {
      return tiff_orientation(body + 6, length - 8);
    }
    at += 2 + length;
  }
  return 1;
}

}  // namespace singlepath
