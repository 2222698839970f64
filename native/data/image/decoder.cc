#include "data/image/decoder.h"

#include <cstring>

#include "data/image/exif.h"

namespace singlepath {
namespace {

bool starts_with(const EncodedImage& image, const char* bytes, size_t count) {
  return image.size >= count && std::memcmp(image.data, bytes, count) == 0;
}

// Whether rows and columns of the upright picture run against those of the stored one; orientations of 5 and
// more swap them besides.
bool rows_reversed(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
}
bool columns_reversed(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
}

std::string what_is(const EncodedImage& image) {
  if (image.size == 0) return "the file is empty";
  if (starts_with(image, "GIF8", 4)) return "it is a GIF, expected JPEG or PNG";
  if (starts_with(image, "BM", 2)) return "it is a BMP, expected JPEG or PNG";
  if (starts_with(image, "RIFF", 4)) return "it is a WebP, expected JPEG or PNG";
  if (starts_with(image, "II*\0", 4) || starts_with(image, "MM\0*", 4))
    return "it is a TIFF, expected JPEG or PNG";
  return "it is neither JPEG nor PNG";
}

}  // namespace

ImageHeader ImageDecoder::open(const EncodedImage& image) {
  image_ = image;
  header_ = {};
  if (image.kind == Encoding::raw) {
    header_ = {ImageHeader::Format::raw, image.height, image.width, 1};
    const auto bytes = static_cast<int64_t>(image.height) * image.width * image.channels;
    if (image.height < 1 || image.width < 1 || image.channels < 1 ||
        bytes != static_cast<int64_t>(image.size)) {
      throw DecodeError("its raw pixels do not fit its size");
    }
  } else if (starts_with(image, "\xff\xd8\xff", 3)) {
    const JpegHeader jpeg = jpeg_.open(image.data, image.size);
    header_ = {ImageHeader::Format::jpeg, jpeg.height, jpeg.width, jpeg_orientation(image.data, image.size)};
  } else if (starts_with(image, "\x89PNG\r\n\x1a\n", 8)) {
    const PngHeader png = png_.open(image.data, image.size);
    header_ = {ImageHeader::Format::png, png.height, png.width, png.orientation};
  } else {
    throw DecodeError(what_is(image));
  }
  if (static_cast<int64_t>(header_.height) * header_.width > pixel_limit_) {
    throw DecodeError("it has " + std::to_string(header_.width) + " x " + std::to_string(header_.height) +
                      " pixels, more than the limit of " + std::to_string(pixel_limit_));
  }
  return header_;
}

PixelView ImageDecoder::decode(const Window& window, int channels, int denominator) {
  if (header_.format != ImageHeader::Format::raw && channels != 1 && channels != 3)
    throw DecodeError("JPEG and PNG are decoded to 1 or 3 channels, not to " + std::to_string(channels));
  switch (header_.format) {
    case ImageHeader::Format::jpeg:
      return jpeg_.decode(window, denominator, channels, buffer_);
    case ImageHeader::Format::png:
      return png_.decode(window, channels, buffer_);
    default:
      return raw_window(window, channels);
  }
}

PixelView ImageDecoder::raw_window(const Window& window, int channels) {
  const ptrdiff_t pixel = image_.channels, stride = pixel * image_.width;
  const uint8_t* first = image_.data + window.top * stride + window.left * pixel;
  if (channels == image_.channels) return {first, window.height, window.width, channels, stride};
  if (channels + image_.channels != 4) {
    throw DecodeError("it has " + std::to_string(image_.channels) + " channels, expected " +
                      std::to_string(channels));
  }
  uint8_t* to =
      ensure(buffer_, static_cast<size_t>(window.height) * static_cast<size_t>(window.width * channels));
  for (int y = 0; y < window.height; y++) {
    const uint8_t* from = first + y * stride;
    for (int x = 0; x < window.width; x++) {
      if (channels == 3) {
        to[0] = to[1] = to[2] = from[x];
        to += 3;
      } else {
        *to++ = luma(from[3 * x], from[3 * x + 1], from[3 * x + 2]);
      }
    }
  }
  return {buffer_.data(), window.height, window.width, channels,
          static_cast<ptrdiff_t>(channels) * window.width};
}

Window stored_window(const Window& upright, int orientation, int height, int width) {
  Window stored = upright;
  if (rows_reversed(orientation)) stored.top = height - upright.top - upright.height;
  if (columns_reversed(orientation)) stored.left = width - upright.left - upright.width;
  if (orientation < 5) return stored;
  return {stored.left, stored.top, stored.width, stored.height};
}

void write_upright(const PixelView& from, int orientation, uint8_t* to) {
  const ptrdiff_t pixel = from.channels;
  const bool swap = orientation >= 5, upwards = rows_reversed(orientation),
             leftwards = columns_reversed(orientation);
  const int height = swap ? from.width : from.height, width = swap ? from.height : from.width;
  for (int y = 0; y < height; y++) {
    const int source_y = upwards ? height - 1 - y : y;
    for (int x = 0; x < width; x++, to += pixel) {
      const int source_x = leftwards ? width - 1 - x : x;
      const uint8_t* at =
          swap ? from.row(source_x) + source_y * pixel : from.row(source_y) + source_x * pixel;
      std::memcpy(to, at, static_cast<size_t>(pixel));
    }
  }
}

}  // namespace singlepath
