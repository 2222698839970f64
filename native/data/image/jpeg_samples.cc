#include "data/image/jpeg_samples.h"

#include <cstring>

#include "data/image/avx2.h"

namespace singlepath {

#if defined(__x86_64__)

#define SINGLEPATH_AVX2 [[gnu::target("avx2"), gnu::always_inline]] inline

namespace {

constexpr int kProductBits = 13;
// Constants of the transform of Loeffler, Ligtenberg and Moschytz (1989) in 13-bit fixed point.
constexpr int kConstantBits = 13, kFirstPassBits = 2;
constexpr int16_t k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373, k1_175 = 9633,
                  k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819, k2_562 = 20995,
                  k3_072 = 25172, kUnit = 1 << kConstantBits;

// 32-bit sums of eight columns of two blocks: `low` of columns 0 to 3, `high` of 4 to 7.
struct Wide {
  __m256i low, high;
};

SINGLEPATH_AVX2 Wide operator+(const Wide& a, const Wide& b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
SINGLEPATH_AVX2 Wide operator-(const Wide& a, const Wide& b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}

// Two inputs side by side for multiplication.
SINGLEPATH_AVX2 Wide pairs(__m256i a, __m256i b) {
  return {_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)};
}
// a * first + b * second.
SINGLEPATH_AVX2 Wide weigh(const Wide& ab, int first, int second) {
  const __m256i weights = _mm256_set1_epi32(
      static_cast<int>((static_cast<uint32_t>(first) & 0xffff) | static_cast<uint32_t>(second) << 16));
  return {_mm256_madd_epi16(ab.low, weights), _mm256_madd_epi16(ab.high, weights)};
}

template <int kShift>
SINGLEPATH_AVX2 __m256i descale(const Wide& sums) {
  const __m256i round = _mm256_set1_epi32(1 << (kShift - 1));
  return _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(sums.low, round), kShift),
                            _mm256_srai_epi32(_mm256_add_epi32(sums.high, round), kShift));
}

// The transform down the columns of two blocks, one in each half.
template <int kShift>
SINGLEPATH_AVX2 void columns(__m256i* v) {
  const Wide even02 = pairs(v[0], v[4]), even13 = pairs(v[2], v[6]);
  const Wide sum = weigh(even02, kUnit, kUnit), difference = weigh(even02, kUnit, -kUnit);
  const Wide slow = weigh(even13, k0_541 + k0_765, k0_541), fast = weigh(even13, k0_541, k0_541 - k1_847);
  const Wide e0 = sum + slow, e3 = sum - slow, e1 = difference + fast, e2 = difference - fast;
  const Wide z = pairs(_mm256_add_epi16(v[7], v[3]), _mm256_add_epi16(v[5], v[1]));
  const Wide z3 = weigh(z, k1_175 - k1_961, k1_175), z4 = weigh(z, k1_175, k1_175 - k0_390);
  const Wide odd71 = pairs(v[7], v[1]), odd53 = pairs(v[5], v[3]);
  const Wide o0 = weigh(odd71, k0_298 - k0_899, -k0_899) + z3;
  const Wide o3 = weigh(odd71, -k0_899, k1_501 - k0_899) + z4;
  const Wide o1 = weigh(odd53, k2_053 - k2_562, -k2_562) + z4;
  const Wide o2 = weigh(odd53, -k2_562, k3_072 - k2_562) + z3;
  v[0] = descale<kShift>(e0 + o3);
  v[7] = descale<kShift>(e0 - o3);
  v[1] = descale<kShift>(e1 + o2);
  v[6] = descale<kShift>(e1 - o2);
  v[2] = descale<kShift>(e2 + o1);
  v[5] = descale<kShift>(e2 - o1);
  v[3] = descale<kShift>(e3 + o0);
  v[4] = descale<kShift>(e3 - o0);
}

SINGLEPATH_AVX2 void transpose(__m256i* v) {
  __m256i a[8], b[8];
  for (int i = 0; i < 4; i++) {
    a[2 * i] = _mm256_unpacklo_epi16(v[2 * i], v[2 * i + 1]);
    a[2 * i + 1] = _mm256_unpackhi_epi16(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    b[4 * i] = _mm256_unpacklo_epi32(a[4 * i], a[4 * i + 2]);
    b[4 * i + 1] = _mm256_unpackhi_epi32(a[4 * i], a[4 * i + 2]);
    b[4 * i + 2] = _mm256_unpacklo_epi32(a[4 * i + 1], a[4 * i + 3]);
    b[4 * i + 3] = _mm256_unpackhi_epi32(a[4 * i + 1], a[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    v[2 * i] = _mm256_unpacklo_epi64(b[i], b[4 + i]);
    v[2 * i + 1] = _mm256_unpackhi_epi64(b[i], b[4 + i]);
  }
}

SINGLEPATH_AVX2 __m128i load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

SINGLEPATH_AVX2 __m256i load_wide(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

SINGLEPATH_AVX2 void store_wide(void* to, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(to), value);
}

// 16 bytes for each half.
SINGLEPATH_AVX2 __m256i both(const void* low, const void* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load(low)), load(high), 1);
}

// Two rows of eight samples.
SINGLEPATH_AVX2 void store_rows(__m128i rows, uint8_t* to, ptrdiff_t stride) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), rows);
  _mm_storeh_pd(reinterpret_cast<double*>(to + stride), _mm_castsi128_pd(rows));
}

// 3 * near + far.
SINGLEPATH_AVX2 __m256i mixed(const uint8_t* near, const uint8_t* far) {
  const __m256i a = load_words(near);
  return _mm256_add_epi16(_mm256_add_epi16(a, _mm256_slli_epi16(a, 1)), load_words(far));
}

// (3 * sums[i] + sums[i + step] + bias) >> shift.
template <int kShift>
SINGLEPATH_AVX2 __m256i beside(const uint16_t* sums, int step, int bias) {
  const __m256i here = load_wide(sums);
  const __m256i all = _mm256_add_epi16(
      _mm256_add_epi16(here, _mm256_slli_epi16(here, 1)),
      _mm256_add_epi16(load_wide(sums + step), _mm256_set1_epi16(static_cast<int16_t>(bias))));
  return _mm256_srli_epi16(all, kShift);
}

template <int kShift>
[[gnu::target("avx2")]] void widen(const uint16_t* sums, int count, int even_bias, int odd_bias,
                                   uint8_t* out) {
  for (int i = 0; i < count; i += 16) {
    const __m256i even = beside<kShift>(sums + i, -1, even_bias), odd = beside<kShift>(sums + i, 1, odd_bias);
    store_wide(out + 2 * i, _mm256_or_si256(even, _mm256_slli_epi16(odd, 8)));
  }
}

// x * weight / 65536, rounded half up; x doubled.
SINGLEPATH_AVX2 __m256i scaled(__m256i doubled, int weight) {
  const __m256i half = _mm256_mulhi_epi16(doubled, _mm256_set1_epi16(static_cast<int16_t>(weight)));
  return _mm256_srai_epi16(_mm256_add_epi16(half, _mm256_set1_epi16(1)), 1);
}

SINGLEPATH_AVX2 __m256i green_part(__m256i pairs_of_cb_cr) {
  // -0.34414 Cb - 0.71414 Cr; the latter as 0.28586 Cr - Cr, which fits 16 bits.
  const __m256i weights = _mm256_set1_epi32(static_cast<int>((0x10000 - 22554) | (18734 << 16)));
  const __m256i sum =
      _mm256_add_epi32(_mm256_madd_epi16(pairs_of_cb_cr, weights), _mm256_set1_epi32(1 << 15));
  return _mm256_srai_epi32(sum, 16);
}

// 16 pixels, as words.
SINGLEPATH_AVX2 void convert(__m256i y, __m256i cb, __m256i cr, __m256i* rgb) {
  const __m256i middle = _mm256_set1_epi16(128);
  cb = _mm256_sub_epi16(cb, middle);
  cr = _mm256_sub_epi16(cr, middle);
  const __m256i cb2 = _mm256_add_epi16(cb, cb), cr2 = _mm256_add_epi16(cr, cr);
  rgb[0] = _mm256_add_epi16(_mm256_add_epi16(y, cr), scaled(cr2, 26345));    // 1.402 - 1
  rgb[2] = _mm256_add_epi16(_mm256_add_epi16(y, cb2), scaled(cb2, -14942));  // 1.772 - 2
  const __m256i green = _mm256_packs_epi32(green_part(_mm256_unpacklo_epi16(cb, cr)),
                                           green_part(_mm256_unpackhi_epi16(cb, cr)));
  rgb[1] = _mm256_add_epi16(_mm256_sub_epi16(y, cr), green);
}

// Where the bytes of part kPart (0, 1, 2) of 48 come from that 16 pixels become: those of one channel.
template <int kChannel, int kPart>
struct Places {
  alignas(16) int8_t at[16] = {};
  constexpr Places() {
    for (int i = 0; i < 16; i++) {
      const int byte = 16 * kPart + i;
      at[i] = static_cast<int8_t>(byte % 3 == kChannel ? byte / 3 : -128);
    }
  }
};

template <int kChannel, int kPart>
SINGLEPATH_AVX2 __m256i spread(__m256i channel) {
  static constexpr Places<kChannel, kPart> places;
  return _mm256_shuffle_epi8(channel, _mm256_broadcastsi128_si256(load(places.at)));
}

template <int kPart>
SINGLEPATH_AVX2 __m256i interleave(const __m256i* rgb) {
  return _mm256_or_si256(_mm256_or_si256(spread<0, kPart>(rgb[0]), spread<1, kPart>(rgb[1])),
                         spread<2, kPart>(rgb[2]));
}

}  // namespace

[[gnu::target("avx2")]] bool inverse_dct(const JpegBlock& a, const JpegBlock& b) {
  __m256i v[8], extremes = _mm256_setzero_si256();
  for (int i = 0; i < 8; i++) {
    const __m256i values = both(a.coefficients + 8 * i, b.coefficients + 8 * i);
    const __m256i factors = both(a.factors + 8 * i, b.factors + 8 * i);
    v[i] = _mm256_mullo_epi16(values, factors);
    // The product without its last 13 bits: 0 or -1.
    const __m256i rest = _mm256_mulhi_epi16(_mm256_slli_epi16(values, 16 - kProductBits), factors);
    extremes = _mm256_or_si256(extremes, _mm256_xor_si256(rest, _mm256_srai_epi16(rest, 15)));
  }
  for (int i = 0; i < 64; i += 16) {
    store_wide(a.coefficients + i, _mm256_setzero_si256());
    store_wide(b.coefficients + i, _mm256_setzero_si256());
  }
  columns<kConstantBits - kFirstPassBits>(v);
  // Of what the second pass adds in pairs, the first two bits must be equal.
  __m256i fronts = _mm256_setzero_si256();
  for (const __m256i& row : v)
    fronts = _mm256_or_si256(fronts, _mm256_xor_si256(row, _mm256_slli_epi16(row, 1)));
  extremes = _mm256_or_si256(extremes, _mm256_srli_epi16(fronts, 15));
  transpose(v);
  columns<kConstantBits + kFirstPassBits + 3>(v);
  transpose(v);
  const __m256i middle = _mm256_set1_epi8(-128);
  for (int i = 0; i < 8; i += 2) {
    const __m256i rows = _mm256_add_epi8(_mm256_packs_epi16(v[i], v[i + 1]), middle);
    store_rows(_mm256_castsi256_si128(rows), a.samples + i * a.stride, a.stride);
    store_rows(_mm256_extracti128_si256(rows, 1), b.samples + i * b.stride, b.stride);
  }
  return _mm256_testz_si256(extremes, extremes) != 0;
}

bool inverse_dct_flat(const JpegBlock& block) {
  const int product = block.coefficients[0] * block.factors[0];
  block.coefficients[0] = 0;
  const int value = ((product + 4) >> 3) + 128;
  const auto byte = static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
  for (int i = 0; i < 8; i++) std::memset(block.samples + i * block.stride, byte, 8);
  return product >= -(1 << kProductBits) && product < 1 << kProductBits;
}

[[gnu::target("avx2")]] void widen_chroma(const ChromaRows& rows, int count, bool first, bool last,
                                          uint16_t* sums, uint8_t* out) {
  uint16_t* at = sums + kLineSlack;
  for (int i = -16; i < count + 16; i += 16) {
    store_wide(at + i, rows.far != nullptr ? mixed(rows.near + i, rows.far + i) : load_words(rows.near + i));
  }
  if (first) at[-1] = at[0];
  if (last) at[count] = at[count - 1];
  if (rows.far != nullptr) {
    widen<4>(at, count, 8, 7, out);
  } else {
    widen<2>(at, count, 1, 2, out);
  }
}

[[gnu::target("avx2")]] void between_chroma(const ChromaRows& rows, int count, bool lower, uint8_t* out) {
  const __m256i bias = _mm256_set1_epi16(lower ? 2 : 1);
  for (int i = 0; i < count; i += 16) {
    const __m256i words = _mm256_srli_epi16(_mm256_add_epi16(mixed(rows.near + i, rows.far + i), bias), 2);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
  }
}

[[gnu::target("avx2")]] void to_rgb(const uint8_t* y, const uint8_t* cb, const uint8_t* cr, int count,
                                    uint8_t* out) {
  const __m256i zero = _mm256_setzero_si256();
  for (int i = 0; i < count; i += 32, out += 96) {
    const __m256i ys = load_wide(y + i), cbs = load_wide(cb + i), crs = load_wide(cr + i);
    __m256i low[3], high[3], rgb[3];
    convert(_mm256_unpacklo_epi8(ys, zero), _mm256_unpacklo_epi8(cbs, zero), _mm256_unpacklo_epi8(crs, zero),
            low);
    convert(_mm256_unpackhi_epi8(ys, zero), _mm256_unpackhi_epi8(cbs, zero), _mm256_unpackhi_epi8(crs, zero),
            high);
    for (int c = 0; c < 3; c++) rgb[c] = _mm256_packus_epi16(low[c], high[c]);
    const __m256i parts[3] = {interleave<0>(rgb), interleave<1>(rgb), interleave<2>(rgb)};
    // Each part holds 16 bytes of the first 16 pixels and 16 of the others.
    store_wide(out, _mm256_permute2x128_si256(parts[0], parts[1], 0x20));
    store_wide(out + 32, _mm256_permute2x128_si256(parts[2], parts[0], 0x30));
    store_wide(out + 64, _mm256_permute2x128_si256(parts[1], parts[2], 0x31));
  }
}

#else

bool inverse_dct(const JpegBlock&, const JpegBlock&) {
  return false;
}
bool inverse_dct_flat(const JpegBlock&) {
  return false;
}
void widen_chroma(const ChromaRows&, int, bool, bool, uint16_t*, uint8_t*) {}
void between_chroma(const ChromaRows&, int, bool, uint8_t*) {}
void to_rgb(const uint8_t*, const uint8_t*, const uint8_t*, int, uint8_t*) {}

#endif

}  // namespace singlepath
