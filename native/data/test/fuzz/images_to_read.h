// Small JPEG and PNG files of every kind: what the fuzz targets damage.
#pragma once

#include <vector>

#include "data/test/fuzz/target.h"

namespace singlepath {

// Baseline with and without subsampling, progressive, arithmetic-coded, grey, CMYK, turned by EXIF.
std::vector<Bytes> jpeg_seeds();

// Every colour type, 1 to 16 bits, interlaced, turned by EXIF.
std::vector<Bytes> png_seeds();
// Makes the checksums of all chunks fit again.
void repair_png(Bytes& file);

// Decodes the whole image, then prepares it as a batch does.
void run_image(const Bytes& input);

}  // namespace singlepath
