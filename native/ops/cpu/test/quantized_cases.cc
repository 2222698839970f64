#include "quantized_cases.h"

#include <string>
#include <utility>

#include "units.h"

namespace singlepath::cpu::test {
namespace {

constexpr float kStep = 0.125f;  // of weights that are levels

Unit pact(Unit u, int high, float weight_step = kStep) {
  return quantized(u, Rounding::pact, 1.5f, high, weight_step);
}
Unit lsq(Unit u, int high, float weight_step = kStep) {
  return quantized(u, Rounding::lsq, 2.f / static_cast<float>(high), high, weight_step);
}

}  // namespace

void add_quantized_cases(std::vector<Case>& all) {
  using A = Activation;
  const auto add = [&](Case c) { all.push_back(std::move(c)); };
  // Weights of levels and any others: each way a convolution goes.
  for (const float step : {kStep, 0.f}) {
    const std::string weights = step > 0 ? ", weights of levels" : "";
    add({"quantized pointwise" + weights, {pact(pointwise(20, 33), 15, step)}, 3, 5, 7});
    add({"quantized pointwise stride 2" + weights,
         {lsq(pointwise(12, 25, A::relu, 2), 7, step), pact(pointwise(25, 40, A::none, 2), 3, step)},
         2,
         7,
         6});
    add({"quantized dense, panels" + weights,
         {pact(dense(19, 40, 3, 2), 15, step), lsq(dense(40, 21, 5, 1, A::none), 15, step)},
         2,
         20,
         19});
    // Of values that are exactly the reference's: with so many levels others lie at edges here and there.
    add({"255 levels" + weights, {lsq(pointwise(40, 33), 255, step)}, 3, 5, 7});
    add({"quantized dense, winograd" + weights,
         {pact(dense(32, 48, 3), 15, step), pact(dense(48, 32, 3, 1, A::hswish), 3, step)},
         3,
         9,
         10});
    add({"quantized dense, taps" + weights,
         {lsq(dense(48, 40, 3, 2), 15, step), pact(dense(40, 33, 3), 1, step)},
         29,
         6,
         5});
    add({"quantized resnet block" + weights,
         {pact(dense(32, 32, 3), 15, step), pact(dense(32, 32, 3, 1, A::none), 15, step)},
         4,
         9,
         10,
         0,
         1,
         0,
         Residual::input,
         A::relu});
  }
  add({"quantized behind floats, depthwise in between",
       {pointwise(12, 24), pact(depthwise(24, 3, 2), 15, 0), lsq(pointwise(24, 30, A::none), 15)},
       3,
       9,
       8});
  add({"a bound without levels", {quantized(pointwise(20, 33), Rounding::bound, 1.f, 0, 0)}, 3, 5, 7});
  Case slice{"quantized slice, accumulating", {lsq(pointwise(12, 33), 15)}, 3, 9, 9, 1, 2, 3};
  slice.accumulate = true;
  slice.weight_slack = 7;
  add(slice);
  Case shuffle{"quantized shuffle",
               {lsq(pointwise(32, 64), 15), depthwise(64, 3), pact(pointwise(64, 32), 15)},
               2,
               6,
               6,
               1,
               2};
  shuffle.pass = true;
  add(shuffle);
  Case first{"quantized, input without gradient", {pact(dense(16, 20, 3, 2), 15)}, 3, 7, 8};
  first.input_gradient = false;
  add(first);
  Case pooled{"quantized, biased, pooled", {pact(biased(pointwise(20, 50, A::hswish)), 15)}, 4, 3, 3};
  pooled.pooled = true;
  add(pooled);
}

}  // namespace singlepath::cpu::test
