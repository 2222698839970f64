// The orientation a camera wrote into a picture.
#pragma once

#include <cstddef>
#include <cstdint>

namespace singlepath {

// EXIF orientation, 1 (upright) to 8; also 1 where the bytes say nothing or are damaged. `jpeg_orientation`
// takes a whole JPEG file, `tiff_orientation` an EXIF block without its "Exif" heading (as in PNG's eXIf).
int jpeg_orientation(const uint8_t* data, size_t size);
int tiff_orientation(const uint8_t* data, size_t size);

}  // namespace singlepath
