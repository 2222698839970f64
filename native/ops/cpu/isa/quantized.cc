#include "quantized.h"

#include "quantizer_rules.h"
#include "rows.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

SINGLEPATH_INLINE void store_levels(uint8_t* to, Vec integers) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(_mm512_cvttps_epi32(integers)));
#else
  typedef int32_t Ints __attribute__((vector_size(kLanes * 4)));
  typedef uint8_t BytesAt __attribute__((vector_size(kLanes), aligned(1), may_alias));
  typedef uint8_t Bytes __attribute__((vector_size(kLanes)));
  *reinterpret_cast<BytesAt*>(to) = __builtin_convertvector(__builtin_convertvector(integers, Ints), Bytes);
#endif
}

// Those of features.
template <class Body>
SINGLEPATH_INLINE void with_rule(const Quantizer& quantizer, const Body& body) {
  switch (quantizer.rounding) {
    case Rounding::bound:
      return body(Rule<Rounding::bound>(quantizer));
    case Rounding::pact:
      return body(Rule<Rounding::pact>(quantizer));
    default:
      return body(Rule<Rounding::lsq>(quantizer));
  }
}

// Sums in floats become long over more pixels.
constexpr int kPanelPixels = 128;

}  // namespace

template <class T>
void write_quantized(const WriteQuantized& task, long begin, long end) {
  const Operand& in = task.input;
  const int width = static_cast<int>(padded(in.channels));
  const T* data = static_cast<const T*>(in.data);
  T* out = static_cast<T*>(task.out);
  with_rule(task.quantizer, [&](const auto& rule) {
    with_reader<T>(in, [&](auto read) {
      for (long first = begin; first < end; first += kBlockPixels) {
        const long last = least(end, first + kBlockPixels);
        for (int c = 0; c < width; c += kLanes) {
          const auto column = read.column(c);
          for (long p = first; p < last; ++p)
            store(out + p * width + c, rule.value(column(data + p * in.pixel_stride)));
        }
      }
    });
  });
}

template <class T>
bool write_levels(const WriteLevels& task, long begin, long end) {
  const LevelGeometry& g = task.geometry;
  const Operand& in = task.input;
  const int width = g.channels, border = g.pad() * width;
  const long lines = g.height + 2 * g.pad();
  Bits strange = {};
  const auto line = [&](const T* from, uint8_t* to, const auto& read, const auto& rule)
                        __attribute__((always_inline)) {
                          for (int first = 0; first < g.width; first += kBlockPixels) {
                            const int last = least(g.width, first + kBlockPixels);
                            for (int c = 0; c < width; c += kLanes) {
                              const auto column = read.column(c);
                              for (int x = first; x < last; ++x) {
                                const Vec level = rule.integer(column(from + x * in.pixel_stride));
                                strange |= reinterpret_cast<Bits>(level != level);
                                store_levels(to + static_cast<long>(x) * width + c, level);
                              }
                            }
                          }
                        };
  const auto all_lines = [&](const auto& read, const auto& rule) __attribute__((always_inline)) {
    for (long index = begin; index < end; ++index) {
      uint8_t* to = task.levels + index * g.line();
      const long image = index / lines, y = index % lines - g.pad();
      if (y < 0 || y >= g.height) {
        __builtin_memset(to, 0, g.line());
        continue;
      }
      __builtin_memset(to, 0, border);
      line(static_cast<const T*>(in.data) + (image * g.height + y) * g.width * in.pixel_stride, to + border,
           read, rule);
      __builtin_memset(to + g.line() - border, 0, border);
    }
  };
  with_reader<T>(in, [&](auto read) {
    if (task.quantizer.rounding == Rounding::pact)
      all_lines(read, Rule<Rounding::pact>(task.quantizer));
    else
      all_lines(read, Rule<Rounding::lsq>(task.quantizer));
  });
  uint32_t any = 0;
  for (int i = 0; i < kLanes; ++i) any |= strange[i];
  return any != 0;
}

template <class T>
void quantized_gradient(const QuantizedGradient& task, long begin, long end, float* scratch, double* sums) {
  const Operand& in = task.input;
  const int width = task.width;
  float *tile = scratch, *panel_sums = scratch + static_cast<long>(kBlockPixels) * width;
  const T* data = static_cast<const T*>(in.data);
  const T* gradient = static_cast<const T*>(task.gradient);
  clear(panel_sums, 2L * width);
  with_rule(task.quantizer, [&](const auto& rule) {
    with_reader<T>(in, [&](auto read) {
      for (long panel = begin; panel < end; panel += kPanelPixels) {
        const long panel_end = least(end, panel + kPanelPixels);
        Vec scale_sum = zero();
        for (long first = panel; first < panel_end; first += kBlockPixels) {
          const int count = static_cast<int>(least<long>(panel_end - first, kBlockPixels));
          for (int c = 0; c < width; c += kLanes) {
            const auto column = read.column(c);
            for (int r = 0; r < count; ++r) {
              const long pixel = first + r;
              const Vec g = load(gradient + pixel * width + c);
              store(tile + r * width + c,
                    rule.backward(column(data + pixel * in.pixel_stride), g, scale_sum));
            }
          }
          if (task.sink.data == nullptr) continue;
          sink_backward<T>(task.sink, width, tile, width, first, count, 0, width, panel_sums);
        }
        *task.scale_gradient += total(scale_sum);
        if (!task.sink.external) flush_sums(panel_sums, width, sums);
      }
    });
  });
}

template void write_quantized<float>(const WriteQuantized&, long, long);
template void write_quantized<bf16>(const WriteQuantized&, long, long);
template bool write_levels<float>(const WriteLevels&, long, long);
template bool write_levels<bf16>(const WriteLevels&, long, long);
template void quantized_gradient<float>(const QuantizedGradient&, long, long, float*, double*);
template void quantized_gradient<bf16>(const QuantizedGradient&, long, long, float*, double*);

}  // namespace singlepath::cpu::SINGLEPATH_ISA
