// From coefficients to pixels with AVX2, bit for bit as libjpeg does it: the exact ("islow") inverse DCT,
// smooth
// ("fancy") chroma upsampling, and JFIF's YCbCr.
#pragma once

#include <cstddef>
#include <cstdint>

namespace singlepath {

// Lines may be written, and read, up to this many samples past their end.
constexpr int kLineSlack = 32;
// A block of 8 x 8 coefficients in natural order, what they are multiplied by, and where its samples go.
struct JpegBlock {
  int16_t* coefficients;  // at most 4095 in size
  const int16_t* factors;
  uint8_t* samples;
  ptrdiff_t stride;  // bytes from a row of samples to the next
};

// Transforms two blocks, whose coefficients are zero afterwards. False: a product has more than 13 bits and a
// sign, as in no picture; sums could overflow, and the samples are worth nothing.
bool inverse_dct(const JpegBlock& a, const JpegBlock& b);
// The same for one block, of which only the first coefficient is not zero.
bool inverse_dct_flat(const JpegBlock& block);

// One line of chroma at the height of luma: `sums` of `near` rows three parts and `far` rows one part, or
// (far null) of one row alone.
struct ChromaRows {
  const uint8_t *near = nullptr, *far = nullptr;
};

// Doubles `count` samples of a line: out[2i] looks at i - 1, out[2i + 1] at i + 1. `first` and `last`: sample
// 0 is the picture's first, and sample `count` - 1 its last; else there are samples beside them. `sums`: room
// for count + 2 * kLineSlack.
void widen_chroma(const ChromaRows& rows, int count, bool first, bool last, uint16_t* sums, uint8_t* out);
// A line between two rows, of the same width. `lower`: the lower one of the two lines of `near`.
void between_chroma(const ChromaRows& rows, int count, bool lower, uint8_t* out);

// `count` pixels to interleaved RGB.
void to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int count, uint8_t* out);

}  // namespace singlepath
