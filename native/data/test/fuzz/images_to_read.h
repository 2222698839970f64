// Small JPEG and PNG files of every kind: what the fuzz targets damage.
#pragma once

#include <vector>

#include "data/test/fuzz/target.h"

namespace singlepath {

struct JpegKind {
  int colours = 3;         // 1: grey, 4: CMYK
  int wide = 2, high = 2;  // sampling of luma
  bool progressive = false, arithmetic = false, turned = false, own_codes = false;
  int quality = 75, restart = 0;  // MCUs from one restart marker to the next
  int height = 37, width = 45;
  int noise = 0;  // added to a smooth picture, from 0 to 255
};
Bytes make_jpeg(const JpegKind& kind);

// Baseline with and without subsampling and restart markers, progressive, arithmetic-coded, grey, CMYK,
// turned by EXIF.
std::vector<Bytes> jpeg_seeds();

// Every colour type, 1 to 16 bits, interlaced, turned by EXIF.
std::vector<Bytes> png_seeds();
// Makes the checksums of all chunks fit again.
void repair_png(Bytes& file);

// Decodes the whole image, then prepares it as a batch does.
void run_image(const Bytes& input);

// Decodes the whole picture and `windows` parts of it with and without our own decoder, in grey and in
// colour; the program ends where pixels or errors differ. Returns whether our own decoder took all of them.
bool decodes_like_libjpeg(const Bytes& input, int windows, RandomStream& random);
// The same for a damaged file, and run_image().
void run_jpeg(const Bytes& input);

}  // namespace singlepath
