// A block of a baseline JPEG, from bits to coefficients.
#pragma once

#include <cstdint>

#include "data/image/jpeg_codes.h"

// Shifts by a variable number of bits take one instruction where the compiler may use BMI2.
#if defined(__x86_64__)
#define SINGLEPATH_BMI2 [[gnu::target("bmi2")]]
#else
#define SINGLEPATH_BMI2
#endif

namespace singlepath {

// Positions behind the last one are there so that a loop needs no check.
constexpr int kPositions = 64 + 64;
// Added to a position: neither a last one nor an end.
constexpr int kDamage = 64;

// Natural order of the coefficients as they come: along the diagonals.
struct Zigzag {
  uint8_t at[kPositions] = {};
  constexpr Zigzag() {
    for (int i = 0, row = 0, column = 0; i < 64; i++) {
      at[i] = static_cast<uint8_t>(8 * row + column);
      const bool up = (row + column) % 2 == 0;
      int& along = up ? column : row;
      int& across = up ? row : column;
      if (along == 7) {
        across++;
      } else {
        along++;
        if (across > 0) across--;
      }
    }
    for (int i = 64; i < kPositions; i++) at[i] = 64;
  }
};
constexpr Zigzag kZigzag;

// Reads the next block: its coefficients in natural order into `block`, which is zero before and has room for
// 65 (kKeep), or only `predictor`, the first coefficient, on which the next block builds. `flat`: all others
// are zero. False: the bits are no block of a sound file.
template <bool kKeep>
SINGLEPATH_BMI2 [[gnu::always_inline]] inline bool read_block(JpegBitReader& bits, const JpegCodes& dc,
                                                              const JpegCodes& ac, int& predictor,
                                                              int16_t* block, bool* flat) {
  JpegBitReader reader = bits;
  reader.fill();
  const JpegLook first = dc.look(reader.window());
  if (__builtin_expect(first.bits() != 0, 1)) {
    reader.drop(first.bits());
    predictor += first.value();
  } else {
    const JpegSymbol symbol = dc.read(reader.window());
    if (symbol.bits == 0) return false;
    reader.drop(static_cast<unsigned>(symbol.bits));
    predictor += symbol.value;
  }
  if (kKeep) block[0] = static_cast<int16_t>(predictor);
  int position = 0;
  const auto put = [&](int at, int value) {
    if (kKeep) block[kZigzag.at[at]] = static_cast<int16_t>(value);
  };
  // One or two coefficients; false when there are no more.
  const auto step = [&] {
    const uint64_t window = reader.window();
    const JpegLook look = ac.look(window);
    if (__builtin_expect(look.bits() == 0, 0)) {
      const JpegSymbol symbol = ac.read(window);
      reader.drop(static_cast<unsigned>(symbol.bits));
      position += symbol.bits == 0 ? kDamage : symbol.advance;
      put(position, symbol.value);
      if (symbol.end) position += JpegLook::kEndOfBlock;
      return position < 63;
    }
    reader.drop(look.bits());
    const int nearer = position + look.advance();
    position = nearer + look.second_advance();
    put(position, look.second_value());  // without a second symbol the first takes its place
    put(nearer, look.value());
    position += look.end();
    if (position < 63) return true;
    if (__builtin_expect(nearer >= 63 && look.second_advance() != 0, 0)) {
      // The block is full: the second symbol is the next block's.
      reader.take_back(window, look.bits(), static_cast<unsigned>(ac.read(window).bits));
      position = nearer;
    }
    return false;
  };
  // A fill is enough for two symbols of any length.
  bool more = step();
  while (more) {
    reader.fill();
    more = step() && step();
  }
  bits = reader;
  *flat = position == 1 + JpegLook::kEndOfBlock;
  // A run that goes beyond the block is damage.
  return position == 63 || position >= JpegLook::kEndOfBlock;
}

}  // namespace singlepath
