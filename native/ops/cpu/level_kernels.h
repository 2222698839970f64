#pragma once

// Convolutions over all channels of levels (quantize_kernels.h) by weights that are levels too: integers
// times one factor each. Products of 8-bit integers add up exactly, at four times the rate of float32.
// Everything else as in kernels.h.
//
// A panel is a run of positions on the output map, each in several images: pixels for which a tap of the
// filter lies in the border follow each other, and the tap is left out. Items are panels and tiles of
// outputs, all tiles of one panel first.

#include "kernels.h"

namespace singlepath::cpu {

constexpr int kLevelRows = 192;   // output pixels of a panel, at most
constexpr int kLevelImages = 16;  // of a panel, at most
constexpr int kLevelGroups = 4;   // groups of outputs in a tile, at most
constexpr int kLevelItems = 8;    // panels are cut smaller, down to kPanelStep pixels, to have as many
constexpr int kMostWeightLevel = 128;

// Tiles of padded outputs.
SINGLEPATH_INLINE constexpr int level_tiles(int outputs) {
  return (outputs / kGroup + kLevelGroups - 1) / kLevelGroups;
}

struct LevelForward {
  const uint8_t* levels;
  LevelGeometry geometry;
  int outputs;            // padded
  const int8_t* weights;  // pack
  const float* factors;   // [outputs]: what a product of levels is worth,
  float unit;             // times this
  ForwardSink sink;

  SINGLEPATH_INLINE int map_pixels() const { return geometry.out_height * geometry.out_width; }
  SINGLEPATH_INLINE int tiles() const { return level_tiles(outputs); }
  // Images of a panel and positions: as many as fit, in panels of one size.
  SINGLEPATH_INLINE int images() const {
    const int panels = (geometry.batch + kLevelImages - 1) / kLevelImages;
    return (geometry.batch + panels - 1) / panels;
  }
  SINGLEPATH_INLINE int positions() const {
    const long wanted = geometry.out_pixels() * tiles() / kLevelItems;
    const long rows = wanted < kPanelStep ? kPanelStep : wanted > kLevelRows ? kLevelRows : wanted;
    const int fit = static_cast<int>(rows) / images(), panels = (map_pixels() + fit - 1) / fit;
    return (map_pixels() + panels - 1) / panels;
  }
  SINGLEPATH_INLINE int panels_of_map() const { return (map_pixels() + positions() - 1) / positions(); }
  SINGLEPATH_INLINE long items() const {
    const long panels = static_cast<long>((geometry.batch + images() - 1) / images()) * panels_of_map();
    return panels * tiles();
  }
  SINGLEPATH_INLINE long scratch_floats() const { return 2L * outputs + 64; }
};

// `sums` as in kernels.h.
struct LevelStorageKernels {
  void (*forward)(const LevelForward&, long begin, long end, float* scratch, double* sums);
};

struct LevelKernels : ByStorage<LevelStorageKernels> {
  // Weights as kernels.h takes them, which are multiples of `step`, -128 to 127 of them: what `forward`
  // reads, for groups of kGroup outputs [begin, end). taps * padded channels * padded outputs bytes in all.
  void (*pack)(const float* weights, long row_stride, int outputs, int channels, int taps, float step,
               int8_t* packed, long begin, long end);
};

// Of the same set as kernels(); null where it has no products of 8-bit integers.
const LevelKernels* level_kernels();

}  // namespace singlepath::cpu
