// Convolutions of levels by weights that are levels, straight from images with borders: a register tile holds
// the sums of some pixels and some groups of outputs while the inner loop walks the bytes under the filter,
// and one instruction adds the products of four channels. Compiled for processors that have it, in a
// namespace of its own (../CMakeLists.txt).

#include "level_weights.h"
#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

// Height of a tile of NV groups: as many results as leave registers for the weights, and enough to hide how
// long a product takes.
constexpr int kTileRows = 6;
template <int NV>
constexpr int tile_rows() {
  return NV == 1 ? 2 * kTileRows : kTileRows;
}

// Unlike __m512i, these alias nothing else: or the compiler keeps all sums in memory too.
typedef int32_t Sums __attribute__((vector_size(64)));
typedef int32_t ChannelsAt __attribute__((aligned(1), may_alias));

SINGLEPATH_INLINE void add_products(Sums& sum, __m512i levels, __m512i weights) {
  sum = reinterpret_cast<Sums>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), levels, weights));
}

// Taps that lie inside the map, down and across: [first, last).
struct Taps {
  int first_y, last_y, first_x, last_x;

  SINGLEPATH_INLINE void join(const Taps& other) {
    first_y = least(first_y, other.first_y), last_y = most(last_y, other.last_y);
    first_x = least(first_x, other.first_x), last_x = most(last_x, other.last_x);
  }
};

// Pixels of a panel; behind them the last one again, to fill a register tile.
struct Panel {
  static constexpr int kRoom = kLevelRows + 2 * kTileRows;

  int rows;
  const uint8_t* levels[kRoom];  // the first byte under the filter
  long pixels[kRoom];            // of the output
  Taps taps[kRoom / kTileRows];  // inside the map for any of kTileRows pixels

  void set(const LevelForward& task, long panel) {
    const LevelGeometry& g = task.geometry;
    const int across = task.panels_of_map(), positions = task.positions();
    const int first_image = static_cast<int>(panel / across) * task.images();
    const int images = least(task.images(), g.batch - first_image);
    const int first = static_cast<int>(panel % across) * positions;
    const int last = least(first + positions, task.map_pixels());
    const long image_bytes = (g.height + 2L * g.pad()) * g.line();
    int y = first / g.out_width * g.stride, x = first % g.out_width * g.stride;
    rows = 0;
    for (int position = first; position < last; ++position) {
      const Taps inside{most(0, g.pad() - y), least(g.kernel, g.height + g.pad() - y), most(0, g.pad() - x),
                        least(g.kernel, g.width + g.pad() - x)};
      const uint8_t* at =
          task.levels + first_image * image_bytes + y * g.line() + static_cast<long>(x) * g.channels;
      for (int i = 0; i < images; ++i, ++rows) {
        levels[rows] = at + i * image_bytes;
        pixels[rows] = static_cast<long>(first_image + i) * task.map_pixels() + position;
        Taps& of_tile = taps[rows / kTileRows];
        if (rows % kTileRows == 0)
          of_tile = inside;
        else if (i == 0)
          of_tile.join(inside);
      }
      x += g.stride;
      if (x < g.out_width * g.stride) continue;
      x = 0;
      y += g.stride;
    }
    for (int i = rows; i < rows + 2 * kTileRows; ++i)
      levels[i] = levels[rows - 1], pixels[i] = pixels[rows - 1];
    taps[(rows - 1) / kTileRows + 1] = taps[(rows - 1) / kTileRows];
  }
};

// The way through the bytes under the filter, those of one line after the other, and through the weights of
// a group of outputs.
struct Walk {
  long start, run, end, skip, line;
  long first_weight, skip_weights;

  Walk(const LevelGeometry& g, const Taps& taps)
      : start(taps.first_y * g.line() + static_cast<long>(taps.first_x) * g.channels),
        run(static_cast<long>(taps.last_x - taps.first_x) * g.channels),
        end(start + run + (taps.last_y - 1 - taps.first_y) * g.line()),
        skip(g.line() - run),
        line(g.line()),
        first_weight((static_cast<long>(taps.first_y) * g.kernel + taps.first_x) * g.channels * kGroup),
        skip_weights((static_cast<long>(g.kernel) * g.channels - run) * kGroup) {}
};

template <int NV>
SINGLEPATH_INLINE void multiply(const uint8_t* const* levels, const int8_t* weights, const Walk& walk,
                                Sums (&sum)[tile_rows<NV>()][NV]) {
  constexpr int MR = tile_rows<NV>();
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) sum[i][j] =
      Sums{};
  const uint8_t* pixel[MR];
  SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) pixel[i] = levels[i];
  const int8_t* line = weights + walk.first_weight * NV;
  for (long at = walk.start, end = at + walk.run;;) {
    __m512i w[NV];
    SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) {
      w[j] = _mm512_loadu_si512(line + j * kLine);
      __builtin_prefetch(line + kAhead + j * kLine);
    }
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) {
      const __m512i four = _mm512_set1_epi32(*reinterpret_cast<const ChannelsAt*>(pixel[i] + at));
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) add_products(sum[i][j], four, w[j]);
    }
    at += kChannels;
    line += NV * kLine;
    if (at != end) continue;
    if (at == walk.end) return;
    at += walk.skip;
    end += walk.line;
    line += walk.skip_weights * NV;
  }
}

// A tile of outputs of a panel, from output `first` on. `panel_sums` [2][outputs] are zeros and stay so.
template <class T, int NV>
void multiply_panel(const LevelForward& task, const Panel& panel, int first, float* panel_sums,
                    double* sums) {
  constexpr int MR = tile_rows<NV>(), kWidth = NV * kGroup;
  const LevelGeometry& g = task.geometry;
  const long outputs = task.outputs;
  const int8_t* weights = task.weights + static_cast<long>(first) * g.taps() * g.channels;
  T* out = static_cast<T*>(task.sink.data) + first;
  float *sum_of = panel_sums + first, *squares_of = sum_of + outputs;
  alignas(64) float factors[kWidth], tile[MR][kWidth];
  for (int c = 0; c < kWidth; c += kGroup) store(factors + c, load(task.factors + first + c) * task.unit);
  for (int row = 0; row < panel.rows; row += MR) {
    const long* pixels = panel.pixels + row;
    Taps taps = panel.taps[row / kTileRows];
    if (MR > kTileRows) taps.join(panel.taps[row / kTileRows + 1]);
    Sums sum[MR][NV];
    multiply<NV>(panel.levels + row, weights, Walk(g, taps), sum);
    const int count = least(MR, panel.rows - row);
    if (count == MR && !task.sink.bias) {
      SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j) {
        const int c = j * kGroup;
        Vec s = load(sum_of + c), q = load(squares_of + c);
        SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) {
          const Vec v = __builtin_convertvector(sum[i][j], Vec) * load(factors + c);
          store(out + pixels[i] * outputs + c, v);
          s += v;
          q += v * v;
        }
        store(sum_of + c, s);
        store(squares_of + c, q);
      }
      continue;
    }
    SINGLEPATH_UNROLL for (int i = 0; i < MR; ++i) SINGLEPATH_UNROLL for (int j = 0; j < NV; ++j)
        store(tile[i] + j * kGroup, __builtin_convertvector(sum[i][j], Vec) * load(factors + j * kGroup));
    for (int i = 0; i < count; ++i)
      sink_forward<T>(task.sink, outputs, tile[i], kWidth, pixels[i], 1, first, kWidth, panel_sums);
  }
  if (task.sink.bias) return;
  for (long c = first; c < 2 * outputs; c += outputs) {
    for (int i = 0; i < kWidth; ++i) sums[c + i] += panel_sums[c + i];
    clear(panel_sums + c, kWidth);
  }
}

template <class T>
void level_forward(const LevelForward& task, long begin, long end, float* scratch, double* sums) {
  const Tiles tiles(task.outputs);
  clear(scratch, 2L * task.outputs);
  Panel panel;
  for (long item = begin; item < end; ++item) {
    const int tile = static_cast<int>(item % tiles.count), first = tiles.first(tile) * kGroup;
    if (item == begin || tile == 0) panel.set(task, item / tiles.count);
    switch (tiles.width(tile)) {
      case 1:
        multiply_panel<T, 1>(task, panel, first, scratch, sums);
        break;
      case 2:
        multiply_panel<T, 2>(task, panel, first, scratch, sums);
        break;
      case 3:
        multiply_panel<T, 3>(task, panel, first, scratch, sums);
        break;
      default:
        static_assert(kLevelGroups == 4, "a case for each width");
        multiply_panel<T, kLevelGroups>(task, panel, first, scratch, sums);
    }
  }
}

}  // namespace

extern const LevelKernels levels;
const LevelKernels levels = {{{level_forward<float>}, {level_forward<bf16>}}, pack_levels};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
