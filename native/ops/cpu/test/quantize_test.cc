#include "quantize_test.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "../kernels.h"
#include "../quantize.h"
#include "check.h"

namespace singlepath::cpu::test {
namespace {

// Each operation rounded on its own, whatever the compiler would like to join.
float rounded(float x) {
  volatile float value = x;
  return value;
}

bool same(float a, float b, Storage storage) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  // The instruction that makes bfloat16 of floats writes denormal ones as zeros.
  const float least = std::numeric_limits<float>::min();
  if (storage == Storage::bfloat16 && std::fabs(a) < least && std::fabs(b) < least)
    return std::signbit(a) == std::signbit(b);
  return std::memcmp(&a, &b, sizeof a) == 0;
}

float cut(float x, float low, float high) {
  return x < low ? low : x > high ? high : x;
}

// The formulas of ops/quantize.cc in libtorch's operations.
struct Reference {
  Quantizer q;

  float passed(float x, float level) const { return q.through ? rounded(x + rounded(level - x)) : level; }
  float level(float ratio) const {
    if (q.rounding == Rounding::lsq_sign) {
      const float inside = cut(ratio, -1, 1);
      return passed(inside, inside >= 0 ? 1.f : -1.f);
    }
    const float inside = cut(ratio, q.low, q.high);
    return passed(inside, std::nearbyint(inside));
  }
  float value(float x) const {
    const float bounded = x >= q.scale ? q.scale : x < 0 ? 0 : x;
    const float unit = rounded(q.scale / q.high);
    switch (q.rounding) {
      case Rounding::bound:
        return bounded;
      case Rounding::pact:
        return passed(bounded, rounded(std::nearbyint(rounded(bounded / unit)) * unit));
      case Rounding::lsq:
      case Rounding::lsq_sign:
        return rounded(level(rounded(x / q.scale)) * q.scale);
      case Rounding::dorefa: {
        const float steps = rounded(rounded(rounded(rounded(x / q.scale) * 0.5f) + 0.5f) * q.high);
        return rounded(rounded(rounded(passed(steps, std::nearbyint(steps)) / q.high) * 2) - 1);
      }
      case Rounding::dorefa_sign:
        return passed(x, x >= 0 ? q.scale : -q.scale);
    }
    return 0;
  }
  // Gradient of x; its part of the scale's.
  float backward(float x, float g, double& scale) const {
    switch (q.rounding) {
      case Rounding::bound:
      case Rounding::pact:
        if (x >= q.scale) scale += g;
        return x >= q.scale || x <= 0 ? 0 : g;
      case Rounding::lsq:
      case Rounding::lsq_sign: {
        const float ratio = rounded(x / q.scale);
        const float low = q.rounding == Rounding::lsq ? q.low : -1,
                    high = q.rounding == Rounding::lsq ? q.high : 1;
        const float inside = ratio >= low && ratio <= high ? rounded(g * q.scale) : 0;
        scale += static_cast<double>(g) * level(ratio) - static_cast<double>(inside) * ratio / q.scale;
        return rounded(inside / q.scale);
      }
      case Rounding::dorefa:
        scale += -static_cast<double>(g) * x / (static_cast<double>(q.scale) * q.scale);
        return static_cast<float>(static_cast<double>(g) / q.scale * (1 - static_cast<double>(x) * x));
      case Rounding::dorefa_sign:
        return g;
    }
    return 0;
  }
};

struct Kind {
  const char* name;
  Rounding rounding;
  float scale, low;
  bool steps;  // `high` is 2^bits - 1 above low
};

// Random values, ties, bounds and their neighbours, zeros, denormals; with `all` infinities and NaN too.
std::vector<float> values_for(const Kind& kind, const Quantizer& q, bool all, long n) {
  std::vector<float> values;
  const float infinity = std::numeric_limits<float>::infinity();
  const auto around = [&](float x) {
    for (float y : {x, std::nextafter(x, -infinity), std::nextafter(x, infinity)}) {
      values.push_back(y);
      values.push_back(-y);
    }
  };
  const bool dorefa = kind.rounding == Rounding::dorefa;
  for (float special : {0.f, std::numeric_limits<float>::denorm_min(), 1e-40f, q.scale}) around(special);
  if (all && !dorefa)
    for (float special : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 1e30f})
      values.push_back(special);
  for (float level = q.low - 1; level <= q.high + 1; ++level) {
    const float unit = kind.rounding == Rounding::pact ? q.scale / q.high : q.scale;
    around((level + 0.5f) * unit);
    if (dorefa) around(cut(((level + 0.5f) / q.high * 2 - 1) * q.scale, -q.scale, q.scale));
  }
  if (dorefa)
    for (float& value : values) value = cut(value, -q.scale, q.scale);
  while (static_cast<long>(values.size()) < n) {
    const float x = static_cast<float>(random_value()) * (kind.rounding == Rounding::pact ? 3 : 0.5f);
    values.push_back(dorefa ? cut(x, -q.scale, q.scale) : x);
  }
  return values;
}

void run_quantizer(const Kind& kind, const Quantizer& q, Storage storage, bool all, const std::string& name) {
  const Reference reference{q};
  const bool dorefa = kind.rounding == Rounding::dorefa;
  const std::vector<float> given = values_for(kind, q, all, 9001);  // three blocks, and a tail
  const long n = static_cast<long>(given.size());
  Tensor x(storage, n, 1), g(storage, n, 1), out(storage, n, 1), dx(storage, n, 1), expected(storage, n, 1),
      expected_dx(storage, n, 1);
  double scale = 0, size = 0, largest = 0;
  for (long i = 0; i < n; ++i) {
    x.set(i, given[i]);
    g.set(i, static_cast<float>(random_value()));
  }
  Values close, actual;
  for (long i = 0; i < n; ++i) {
    expected.set(i, reference.value(x.get(i)));
    double part = 0;
    const float d = reference.backward(x.get(i), g.get(i), part);
    scale += part;
    size += std::fabs(part);
    expected_dx.set(i, d);
    close.push_back(d);
    largest += std::fabs(x.get(i)) == q.scale;
  }
  if (dorefa)
    for (long i = 0; i < n; ++i) {
      const float v = x.get(i);
      if (std::fabs(v) == q.scale) close[i] += (v < 0 ? -1 : 1) * scale / largest * (1 - double(v) * v);
    }
  double sums[3];
  for (int threads : {1, 2, 3}) {
    Workspace workspace(threads);
    quantize(q, storage, x.data(), n, out.data(), workspace);
    sums[threads - 1] = quantize_backward(q, storage, x.data(), g.data(), n, dx.data(), workspace);
    long levels = 0, gradients = 0;
    for (long i = 0; i < n; ++i) {
      levels += !same(expected.get(i), out.get(i), storage);
      gradients += !same(expected_dx.get(i), dx.get(i), storage);
    }
    check(levels == 0, name + ": " + std::to_string(levels) + " levels differ");
    if (!dorefa) check(gradients == 0, name + ": " + std::to_string(gradients) + " gradients differ");
    check(out.guards_intact() && dx.guards_intact(), name + " bounds");
  }
  if (dorefa) {
    check_close(close, dx.slice(0, 1, 1), 2e-6, name + " gradients");
    check(sums[0] == 0, name + ": a gradient of the scale");
    return;
  }
  // One NaN or infinity makes LSQ's sum none.
  const bool none = all && (kind.rounding == Rounding::lsq || kind.rounding == Rounding::lsq_sign);
  check(none ? !std::isfinite(sums[0]) : std::fabs(sums[0] - scale) <= 1e-6 * size, name + " scale");
  check(none || (sums[0] == sums[1] && sums[0] == sums[2]), name + " scale: the same for all threads");
  const double alone = [&] {
    Workspace workspace(1);
    return quantize_backward(q, storage, x.data(), g.data(), n, nullptr, workspace);
  }();
  check(none || alone == sums[0], name + " scale without dx");
}

// In front of a convolution: the same values, and the same levels as bytes in an image with borders.
void run_operand(const Kind& kind, const Quantizer& q, Storage storage, bool all, const std::string& name) {
  constexpr int kChannels = 19, kWidth = 43, kHeight = 11, kFilter = 3;
  const Reference reference{q};
  const long pixels = kWidth * kHeight;
  const std::vector<float> given = values_for(kind, q, all, pixels * kChannels);
  Tensor x(storage, pixels, kChannels), expected(storage, pixels, kChannels);
  for (long i = 0; i < pixels * kChannels; ++i) x.set(i, given[i]);
  const Operand in{x.data(), kChannels, 1, kChannels, nullptr, nullptr, Activation::none};
  const int width = static_cast<int>(padded(kChannels));
  const StorageKernels& run = kernels().of(storage);

  Tensor out(storage, pixels, width);
  run.write_quantized({in, q, out.data()}, 0, pixels);
  long differ = 0;
  for (long p = 0; p < pixels; ++p)
    for (int c = 0; c < width; ++c) {
      if (c < kChannels) expected.set(p * kChannels + c, reference.value(x.get(p * kChannels + c)));
      differ += !same(c < kChannels ? expected.get(p * kChannels + c) : 0, out.get(p * width + c), storage);
    }
  check(differ == 0 && out.guards_intact(),
        name + ": values of an operand differ: " + std::to_string(differ));
  if (kind.rounding == Rounding::bound) return;

  const LevelGeometry geometry{{1, kHeight, kWidth, kHeight, kWidth, kFilter, 1}, width};
  const float unit = kind.rounding == Rounding::pact ? rounded(q.scale / q.high) : q.scale;
  constexpr uint8_t kGuard = 77;
  std::vector<uint8_t> levels(geometry.bytes() + 1, kGuard);
  const bool strange = run.write_levels({in, geometry, q, levels.data()}, 0, geometry.lines());
  check(strange == all, name + (all ? ": a NaN goes unseen" : ": a NaN is seen"));
  long wrong = 0;
  for (int y = -1; y <= kHeight; ++y)
    for (int at = -1; at <= kWidth; ++at)
      for (int c = 0; c < width; ++c) {
        const bool inside = y >= 0 && y < kHeight && at >= 0 && at < kWidth && c < kChannels;
        const float value = inside ? x.get((y * kWidth + at) * kChannels + c) : 0;
        if (std::isnan(value)) continue;
        const uint8_t level = levels[((y + 1) * (kWidth + 2) + at + 1) * width + c];
        wrong += rounded(static_cast<float>(level) * unit) != reference.value(value);
      }
  check(wrong == 0 && levels.back() == kGuard, name + ": levels differ: " + std::to_string(wrong));
}

void test_magnitudes() {
  const std::string isa = isa_name();
  std::vector<float> x(9001);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(random_value());
    sum += std::fabs(x[i]);
  }
  const long n = static_cast<long>(x.size());
  for (std::size_t at : {std::size_t(0), std::size_t(4095), std::size_t(4096), x.size() - 1}) {
    const float before = x[at];
    x[at] = -50;
    Workspace one(1), two(2);
    check(largest_magnitude(x.data(), n, one) == 50 && largest_magnitude(x.data(), n, two) == 50,
          isa + " largest magnitude");
    x[at] = std::numeric_limits<float>::quiet_NaN();
    check(std::isnan(largest_magnitude(x.data(), n, two)), isa + " largest magnitude with a NaN");
    x[at] = before;
    const float mean = mean_magnitude(x.data(), n, one);
    check(std::fabs(mean - sum / static_cast<double>(n)) < 1e-6 && mean == mean_magnitude(x.data(), n, two),
          isa + " mean magnitude");
  }
}

}  // namespace

void test_quantize() {
  const Kind kinds[] = {
      {"bound", Rounding::bound, 2.7f, 0, false},
      {"pact", Rounding::pact, 2.7f, 0, true},
      {"lsq features", Rounding::lsq, 0.17f, 0, true},
      {"lsq weights", Rounding::lsq, 0.03f, -1, true},
      {"lsq sign", Rounding::lsq_sign, 0.2f, -1, false},
      {"dorefa", Rounding::dorefa, 0.83f, 0, true},
      {"dorefa sign", Rounding::dorefa_sign, 0.4f, 0, false},
  };
  for (const Kind& kind : kinds)
    for (int bits = 1; bits <= (kind.steps ? 8 : 1); ++bits) {
      const float levels = std::ldexp(1.f, bits) - 1;
      Quantizer q{kind.rounding, kind.scale, kind.low, kind.low + levels, false};
      if (kind.low < 0 && kind.steps) q.low = -(levels + 1) / 2, q.high = (levels - 1) / 2;
      if (!kind.steps) q.high = 1;
      for (Storage storage : {Storage::float32, Storage::bfloat16}) {
        // Weights are float32.
        if (storage == Storage::bfloat16 &&
            (kind.rounding == Rounding::dorefa || kind.rounding == Rounding::dorefa_sign))
          continue;
        for (bool through : {false, true}) {
          q.through = through;
          const std::string name = std::string(isa_name()) + " " + kind.name + " " + std::to_string(bits) +
                                   (storage == Storage::float32 ? " fp32" : " bf16") +
                                   (through ? " through" : "");
          const bool features = kind.low == 0 && kind.rounding <= Rounding::lsq && !through;
          for (bool all : {false, true}) {
            run_quantizer(kind, q, storage, all, name);
            if (features) run_operand(kind, q, storage, all, name);
          }
        }
      }
    }
  test_magnitudes();
}

}  // namespace singlepath::cpu::test
