#include "levels_test.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>

#include "../level_kernels.h"
#include "check.h"
#include "reference.h"

namespace singlepath::cpu::test {
namespace {

constexpr std::size_t kGuard = 256;
constexpr int kMostWeight = 127;  // and one level more below 0

// Values with guards around them, which nobody may touch.
template <class Value>
class Guarded {
 public:
  Guarded(std::size_t n, Value guard, Value inside) : guard_(guard), values_(n + 2 * kGuard, inside) {
    std::fill(values_.begin(), values_.begin() + kGuard, guard);
    std::fill(values_.end() - kGuard, values_.end(), guard);
  }
  Value* data() { return values_.data() + kGuard; }
  bool intact() const {
    const auto untouched = [&](auto begin) {
      return std::all_of(begin, begin + kGuard, [&](Value value) { return value == guard_; });
    };
    return untouched(values_.begin()) && untouched(values_.end() - kGuard);
  }

 private:
  Value guard_;
  std::vector<Value> values_;
};

struct Levels {
  int batch, height, width, kernel, stride, channels, outputs;
  int most_level, most_weight;
};

class LevelCase {
 public:
  explicit LevelCase(const Levels& c)
      : case_(c),
        outputs_(static_cast<int>(padded(c.outputs))),
        name_(std::string(isa_name()) + " levels " + std::to_string(c.batch) + "x" +
              std::to_string(c.height) + "x" + std::to_string(c.width) + ", " + std::to_string(c.kernel) +
              "^2 / " + std::to_string(c.stride) + ", " + std::to_string(c.channels) + " to " +
              std::to_string(c.outputs)) {
    static_cast<Geometry&>(geometry_) = {
        c.batch,  c.height, c.width, (c.height - 1) / c.stride + 1, (c.width - 1) / c.stride + 1,
        c.kernel, c.stride};
    geometry_.channels = static_cast<int>(padded(c.channels));
    make_levels();
    make_weights();
    multiply();
  }

  void run() {
    pack();
    for (Storage storage : {Storage::float32, Storage::bfloat16}) {
      train(storage);
      for (Activation activation : {Activation::none, Activation::relu, Activation::hswish})
        evaluate(storage, activation);
    }
  }

 private:
  int random(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator_); }

  // Behind the last channel there are levels here, which must meet weights of 0.
  void make_levels() {
    const LevelGeometry& g = geometry_;
    levels_.assign(static_cast<std::size_t>(g.bytes()) + 2 * kGuard, kMostLevel);
    for (long y = 0; y < g.lines(); ++y)
      for (long x = 0; x < g.line(); ++x) {
        const long row = y % (g.height + 2 * g.pad()) - g.pad(), column = x / g.channels - g.pad();
        const bool inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
        levels()[y * g.line() + x] = static_cast<uint8_t>(inside ? random(0, case_.most_level) : 0);
      }
  }
  uint8_t* levels() { return levels_.data() + kGuard; }

  // Rows further apart than they are long.
  void make_weights() {
    const long row = static_cast<long>(case_.channels) * geometry_.taps();
    row_stride_ = row + 5;
    weight_levels_.resize(case_.outputs * row);
    weights_.assign(case_.outputs * row_stride_, 1e9f);
    for (long o = 0; o < case_.outputs; ++o)
      for (long i = 0; i < row; ++i) {
        const int level = random(-case_.most_weight - 1, case_.most_weight);
        weight_levels_[o * row + i] = level;
        weights_[o * row_stride_ + i] = static_cast<float>(level) * kStep;
      }
    for (int o = 0; o < outputs_; ++o) {
      factors_.push_back(kStep * static_cast<float>(random(1, 9)));
      biases_.push_back(static_cast<float>(random(-9, 9)) * 0.1f);
    }
  }

  void multiply() {
    const LevelGeometry& g = geometry_;
    for (int image = 0; image < g.batch; ++image)
      for (int y = 0; y < g.out_height; ++y)
        for (int x = 0; x < g.out_width; ++x)
          for (int o = 0; o < outputs_; ++o) {
            int64_t sum = 0;
            for (int tap = 0; o < case_.outputs && tap < g.taps(); ++tap) {
              const long line = image * (g.height + 2L * g.pad()) + y * g.stride + tap / g.kernel;
              const uint8_t* pixel = levels() + line * g.line() +
                                     (x * g.stride + tap % g.kernel) * static_cast<long>(g.channels);
              const int* weight =
                  weight_levels_.data() + static_cast<long>(o) * case_.channels * g.taps() + tap;
              for (int c = 0; c < case_.channels; ++c) sum += int64_t(pixel[c]) * weight[c * g.taps()];
            }
            const float factor = factors_[o] * kUnit;
            products_.push_back(static_cast<float>(sum) * factor);
          }
  }

  // All groups at once, and one by one from the last: the same bytes, and no others.
  void pack() {
    const std::size_t bytes = static_cast<std::size_t>(geometry_.taps()) * geometry_.channels * outputs_;
    Guarded<int8_t> one_by_one(bytes, 99, 98);
    packed_ = Guarded<int8_t>(bytes, 99, 97);
    const auto pack = [&](int8_t* to, long begin, long end) {
      level_kernels()->pack(weights_.data(), row_stride_, case_.outputs, case_.channels, geometry_.taps(),
                            kStep, to, begin, end);
    };
    const long groups = outputs_ / kGroup;
    pack(packed_.data(), 0, groups);
    for (long group = groups; group-- > 0;) pack(one_by_one.data(), group, group + 1);
    check(packed_.intact() && one_by_one.intact(), name_ + " packed bounds");
    check(std::equal(packed_.data(), packed_.data() + bytes, one_by_one.data()),
          name_ + " packed in other parts");
  }

  LevelForward task(Tensor& out, const float* bias, Activation activation) {
    return {levels(),
            geometry_,
            outputs_,
            packed_.data(),
            factors_.data(),
            kUnit,
            {out.data(), bias, activation}};
  }

  void train(Storage storage) {
    const std::string name = name_ + (storage == Storage::float32 ? " fp32" : " bf16");
    Tensor out(storage, geometry_.out_pixels(), outputs_),
        expected(storage, geometry_.out_pixels(), outputs_);
    const LevelForward forward = task(out, nullptr, Activation::none);
    Guarded<float> scratch(static_cast<std::size_t>(forward.scratch_floats()), 7.f, 6.f);
    constexpr double kBefore = 0.5;  // what is added to
    Guarded<double> sums(2 * outputs_, 7, kBefore);
    // Pieces of 1, 2, … items, the last one first.
    const auto run = level_kernels()->of(storage).forward;
    for (long end = forward.items(), size = 1; end > 0; end -= size++)
      run(forward, std::max(0L, end - size), end, scratch.data(), sums.data());
    Values sum(outputs_, kBefore), squares(outputs_, kBefore), size(outputs_, kBefore);
    long wrong = 0;
    for (std::size_t i = 0; i < products_.size(); ++i) {
      const double value = products_[i];
      sum[i % outputs_] += value;
      size[i % outputs_] += std::fabs(value);
      squares[i % outputs_] += value * value;
      expected.set(i, products_[i]);
      wrong += !(out.get(i) == expected.get(i));
    }
    check(wrong == 0, name + ": " + std::to_string(wrong) + " values differ");
    double error = 0;
    for (int o = 0; o < outputs_; ++o)
      error = std::max({error, std::fabs(sums.data()[o] - sum[o]) / size[o],
                        std::fabs(sums.data()[outputs_ + o] - squares[o]) / squares[o]});
    check(error <= 1e-6, name + " sums: error " + std::to_string(error));
    check(out.guards_intact() && scratch.intact() && sums.intact(), name + " bounds");
  }

  void evaluate(Storage storage, Activation activation) {
    const std::string name = name_ + (storage == Storage::float32 ? " fp32" : " bf16") + " evaluated " +
                             std::to_string(static_cast<int>(activation));
    Tensor out(storage, geometry_.out_pixels(), outputs_);
    const LevelForward forward = task(out, biases_.data(), activation);
    Guarded<float> scratch(static_cast<std::size_t>(forward.scratch_floats()), 7.f, 6.f);
    level_kernels()->of(storage).forward(forward, 0, forward.items(), scratch.data(), nullptr);
    Values expected;
    for (std::size_t i = 0; i < products_.size(); ++i)
      expected.push_back(activate(activation, static_cast<double>(products_[i]) + biases_[i % outputs_]));
    check_close(expected, out.slice(0, 1, outputs_), storage == Storage::float32 ? 1e-6 : 4e-3, name);
    check(out.guards_intact() && scratch.intact(), name + " bounds");
  }

  static constexpr float kStep = 0.013f, kUnit = 0.0037f;

  const Levels case_;
  const int outputs_;  // padded
  const std::string name_;
  std::mt19937 generator_{3};
  LevelGeometry geometry_{};
  std::vector<uint8_t> levels_;
  long row_stride_ = 0;
  std::vector<int> weight_levels_;  // [output][channel][tap]
  std::vector<float> weights_, factors_, biases_;
  std::vector<float> products_;  // [pixel][padded output]
  Guarded<int8_t> packed_{0, 0, 0};
};

}  // namespace

void test_levels() {
  if (!level_kernels()) {
    std::printf("%s: no products of 8-bit integers here, their test is skipped\n", isa_name());
    return;
  }
  const struct {
    int height, width, kernel, stride;
  } maps[] = {{7, 5, 1, 1}, {7, 6, 1, 2}, {5, 7, 3, 1}, {3, 3, 3, 1},
              {7, 8, 3, 2}, {6, 5, 5, 1}, {1, 2, 5, 2}};
  int batch = 0;
  for (const auto& map : maps)
    for (int channels : {3, 16, 20, 64, 100})
      for (int outputs : {1, 16, 17, 40, 64}) {
        const bool few = batch % 3 == 2;  // levels
        batch = batch % 5 + 1;
        LevelCase({batch, map.height, map.width, map.kernel, map.stride, channels, outputs,
                   few ? 3 : kMostLevel, few ? 1 : kMostWeight})
            .run();
      }
  // Tiles of all widths, panels of many images and of a few lines of one, many taps.
  for (int outputs : {80, 96, 100, 144, 272}) LevelCase({3, 4, 3, 3, 1, 16, outputs, 15, 7}).run();
  for (int images : {15, 16, 17, 33}) LevelCase({images, 3, 3, 3, 1, 20, 48, kMostLevel, kMostWeight}).run();
  for (int images : {1, 2, 5}) LevelCase({images, 37, 29, 3, 1, 16, 24, kMostLevel, kMostWeight}).run();
  LevelCase({2, 9, 8, 7, 3, 36, 18, kMostLevel, kMostWeight}).run();
}

}  // namespace singlepath::cpu::test
