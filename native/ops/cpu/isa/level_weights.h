#pragma once

// Weights that are levels, as levels.cc multiplies them: four channels of one output side by side.

#include "../level_kernels.h"
#include "simd.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

constexpr int kChannels = 4;               // of one product
constexpr int kLine = kChannels * kGroup;  // bytes: weights of one product, for a group of outputs
constexpr int kAhead = 512;                // bytes between the weights read and those fetched into L1

// Outputs in tiles, counted in groups.
struct Tiles {
  int groups, count;

  explicit Tiles(int outputs) : groups(outputs / kGroup), count(level_tiles(outputs)) {}
  SINGLEPATH_INLINE int first(int tile) const {
    return tile * (groups / count) + least(tile, groups % count);
  }
  SINGLEPATH_INLINE int width(int tile) const { return first(tile + 1) - first(tile); }
  SINGLEPATH_INLINE int of(int group) const {
    int tile = group / kLevelGroups;
    while (first(tile + 1) <= group) ++tile;
    return tile;
  }
};

// One step of turning the rows of 16 x 16 values into columns: swaps squares of Step x Step.
template <int Step>
SINGLEPATH_INLINE void swap_squares(Bits (&rows)[kGroup]) {
  const Bits lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const __m512i low = reinterpret_cast<__m512i>(lane + (lane & Step) * ((kGroup - Step) / Step));
  const __m512i high = reinterpret_cast<__m512i>(lane + (lane & Step) * ((kGroup - Step) / Step) + Step);
  SINGLEPATH_UNROLL for (int i = 0; i < kGroup; ++i) {
    if (i & Step) continue;
    const __m512i a = reinterpret_cast<__m512i>(rows[i]), b = reinterpret_cast<__m512i>(rows[i + Step]);
    rows[i] = reinterpret_cast<Bits>(_mm512_permutex2var_epi32(a, low, b));
    rows[i + Step] = reinterpret_cast<Bits>(_mm512_permutex2var_epi32(a, high, b));
  }
}

SINGLEPATH_INLINE __mmask16 first_lanes(int n) {
  return static_cast<__mmask16>((1u << most(0, least(kGroup, n))) - 1);
}

// Rows are outputs. To lines: write(i, v) takes the i-th value of each row.
template <class Row, class Write>
SINGLEPATH_INLINE void pack_rows(int known, const Row& row, const Write& write) {
  Bits rows[kGroup] = {};
  for (int j = 0; j < known; ++j) rows[j] = reinterpret_cast<Bits>(row(j));
  swap_squares<1>(rows);
  swap_squares<2>(rows);
  swap_squares<4>(rows);
  swap_squares<8>(rows);
  SINGLEPATH_UNROLL for (int i = 0; i < kGroup; ++i) write(i, reinterpret_cast<__m512i>(rows[i]));
}

// [tile of outputs][tap][channels / 4][output][4].
inline void pack_levels(const float* weights, long row_stride, int outputs, int known_channels, int taps,
                        float step, int8_t* packed, long begin, long end) {
  const int channels = static_cast<int>(padded(known_channels)), lines = channels / kChannels;
  const Tiles tiles(static_cast<int>(padded(outputs)));
  const __m512 steps = _mm512_set1_ps(1 / step);
  const auto read = [&](const float* p, __mmask16 lanes) __attribute__((always_inline)) {
    __builtin_prefetch(reinterpret_cast<const char*>(p) + kAhead);
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, p), steps));
  };
  for (long group = begin; group < end; ++group) {
    const int tile = tiles.of(static_cast<int>(group)), first = tiles.first(tile);
    const long stride = tiles.width(tile) * kLine;
    int8_t* to = packed + static_cast<long>(first) * kGroup * taps * channels + (group - first) * kLine;
    const int known = least(kGroup, outputs - static_cast<int>(group) * kGroup);
    const float* from = weights + group * kGroup * row_stride;
    for (int channel = 0; taps == 1 && channel < channels; channel += kChannels * kGroup) {
      __mmask16 lanes[kChannels];
      for (int i = 0; i < kChannels; ++i) lanes[i] = first_lanes(known_channels - channel - i * kGroup);
      const auto row = [&](int j) __attribute__((always_inline)) {
        const float* p = from + j * row_stride + channel;
        __m512i values[kChannels];
        SINGLEPATH_UNROLL for (int i = 0; i < kChannels; ++i) values[i] = read(p + i * kGroup, lanes[i]);
        return _mm512_packs_epi16(_mm512_packs_epi32(values[0], values[1]),
                                  _mm512_packs_epi32(values[2], values[3]));
      };
      // Both instructions take four values of all their sources in turn.
      pack_rows(known, row, [&](int i, __m512i v) __attribute__((always_inline)) {
        const int start = channel + i % kChannels * kGroup;
        if (start < channels) _mm512_storeu_si512(to + (start / kChannels + i / kChannels) * stride, v);
      });
    }
    for (int channel = 0; taps > 1 && channel < channels; channel += kChannels)
      for (int tap = 0; tap < taps; tap += kGroup) {
        __mmask16 lanes[kChannels];
        for (int i = 0; i < kChannels; ++i)
          lanes[i] = channel + i < known_channels ? first_lanes(taps - tap) : 0;
        const auto row = [&](int j) __attribute__((always_inline)) {
          const float* p = from + j * row_stride + static_cast<long>(channel) * taps + tap;
          __m512i four = _mm512_setzero_si512();
          SINGLEPATH_UNROLL for (int i = kChannels - 1; i >= 0; --i) four =
              _mm512_or_si512(_mm512_slli_epi32(four, 8),
                              _mm512_and_si512(read(p + i * taps, lanes[i]), _mm512_set1_epi32(255)));
          return four;
        };
        int8_t* line = to + (static_cast<long>(tap) * lines + channel / kChannels) * stride;
        pack_rows(known, row, [&](int i, __m512i v) __attribute__((always_inline)) {
          if (i < taps - tap) _mm512_storeu_si512(line + i * lines * stride, v);
        });
      }
  }
}

}  // namespace singlepath::cpu::SINGLEPATH_ISA
