#include "data/image/resize_rows.h"

#include <algorithm>
#include <cstring>

#include "data/image/avx2.h"

namespace singlepath {
namespace {

constexpr int kRowRound = 1 << (kWeightBits - kRowBits - 1);
constexpr int kPixelShift = kWeightBits + kRowBits, kPixelRound = 1 << (kPixelShift - 1);

// Written so that compilers vectorise it: on ARM this is the NEON path.
void vertical_portable(const uint8_t* first, ptrdiff_t stride, const int16_t* weights, int size, int bytes,
                       int16_t* out) {
  constexpr int kBlock = 64;
  for (int begin = 0; begin < bytes; begin += kBlock) {
    const int count = std::min(kBlock, bytes - begin);
    int32_t sums[kBlock];
    std::fill(sums, sums + kBlock, kRowRound);
    const uint8_t* row = first + begin;
    for (int k = 0; k < size; k++, row += stride) {
      const int16_t weight = weights[k];
      for (int i = 0; i < count; i++) sums[i] += static_cast<int16_t>(row[i]) * weight;
    }
    for (int i = 0; i < count; i++)
      out[begin + i] = static_cast<int16_t>(sums[i] >> (kWeightBits - kRowBits));
  }
}

void horizontal_portable(const int16_t* row, const ResizeAxis& columns, uint8_t* out, ptrdiff_t step) {
  for (int x = 0; x < columns.count(); x++, out += step) {
    const int16_t* from = row + 3 * (columns.start(x) - columns.source_begin());
    const int16_t* weights = columns.weights(x);
    int sums[3] = {kPixelRound, kPixelRound, kPixelRound};
    for (int k = 0; k < columns.size(x); k++) {
      for (int c = 0; c < 3; c++) sums[c] += from[3 * k + c] * weights[k];
    }
    for (int c = 0; c < 3; c++) out[c] = static_cast<uint8_t>(sums[c] >> kPixelShift);
  }
}

#if defined(__x86_64__)

// 16 bytes of two rows times a pair of weights, added to the sums of bytes 0-3 and 8-11 (low), 4-7 and 12-15
// (high).
[[gnu::target("avx2")]] inline void add_rows(const uint8_t* a, const uint8_t* b, __m256i pair, __m256i* low,
                                             __m256i* high) {
  const __m256i words_a = load_words(a), words_b = load_words(b);
  *low = _mm256_add_epi32(*low, _mm256_madd_epi16(_mm256_unpacklo_epi16(words_a, words_b), pair));
  *high = _mm256_add_epi32(*high, _mm256_madd_epi16(_mm256_unpackhi_epi16(words_a, words_b), pair));
}

[[gnu::target("avx2")]] inline void store_words(__m256i low, __m256i high, int16_t* out) {
  constexpr int kShift = kWeightBits - kRowBits;
  const __m256i words = _mm256_packs_epi32(_mm256_srai_epi32(low, kShift), _mm256_srai_epi32(high, kShift));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), words);
}

[[gnu::target("avx2")]] void vertical_avx2(const uint8_t* first, ptrdiff_t stride, const int16_t* weights,
                                           int size, int bytes, int16_t* out) {
  constexpr int kBlock = 32;
  if (bytes < kBlock) return vertical_portable(first, stride, weights, size, bytes, out);
  for (int begin = 0; begin < bytes; begin += kBlock) {
    begin = std::min(begin, bytes - kBlock);  // the last block overlaps the one before
    const __m256i round = _mm256_set1_epi32(kRowRound);
    __m256i sums[4] = {round, round, round, round};
    const uint8_t* row = first + begin;
    for (int k = 0; k < size; k += 2, row += 2 * stride) {
      const bool two = k + 1 < size;
      const uint32_t bits =
          static_cast<uint16_t>(weights[k]) | (two ? static_cast<uint32_t>(weights[k + 1]) << 16 : 0);
      const __m256i pair = _mm256_set1_epi32(static_cast<int>(bits));
      const uint8_t* next = two ? row + stride : row;
      add_rows(row, next, pair, &sums[0], &sums[1]);
      add_rows(row + 16, next + 16, pair, &sums[2], &sums[3]);
    }
    store_words(sums[0], sums[1], out + begin);
    store_words(sums[2], sums[3], out + begin + 16);
  }
}

// Four source pixels a turn: two in each half of the register, as pairs of one channel for the
// multiplication.
[[gnu::target("avx2")]] void horizontal_avx2(const int16_t* row, const ResizeAxis& columns, uint8_t* out,
                                             ptrdiff_t step) {
  const __m256i halves = _mm256_setr_epi32(0, 1, 2, 3, 3, 4, 5, 6);
  const __m256i both = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m256i pairs = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -128, -128, -128, -128));
  const int count = columns.count(), origin = columns.source_begin(), taps = columns.taps();
  const int16_t* weights = columns.weights(0);
  for (int x = 0; x < count; x++, out += step, weights += taps) {
    const int16_t* from = row + 3 * (columns.start(x) - origin);
    __m256i sums = _mm256_setzero_si256();
    for (int k = 0; k < columns.size(x); k += 4, from += 12) {
      const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
      const __m256i pixels = _mm256_shuffle_epi8(_mm256_permutevar8x32_epi32(words, halves), pairs);
      const __m256i four =
          _mm256_castsi128_si256(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(weights + k)));
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pixels, _mm256_permutevar8x32_epi32(four, both)));
    }
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kPixelRound)), kPixelShift);
    sum = _mm_packus_epi16(_mm_packs_epi32(sum, sum), sum);
    const int pixel = _mm_cvtsi128_si32(sum);
    std::memcpy(out, &pixel, 3);
  }
}

#endif

}  // namespace

const ResizeRows& portable_resize_rows() {
  static const ResizeRows rows{vertical_portable, horizontal_portable};
  return rows;
}

const ResizeRows& resize_rows() {
#if defined(__x86_64__)
  static const ResizeRows avx2{vertical_avx2, horizontal_avx2};
  if (use_avx2()) return avx2;
#endif
  return portable_resize_rows();
}

}  // namespace singlepath
