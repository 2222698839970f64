#include "repeat_test.h"

#include "../kernels.h"
#include "check.h"
#include "units.h"

namespace singlepath::cpu::test {
namespace {

constexpr int kThreads = 3, kBatch = 24, kSide = 18, kIn = 16, kOut = 32;

struct Step {
  Values out, dx;
  std::vector<std::vector<float>> dw;
  std::vector<float> mean;

  bool operator==(const Step& other) const {
    return out == other.out && dx == other.dx && dw == other.dw && mean == other.mean;
  }
};

// Forward and backward of a chain with every kind of convolution, on more threads than most machines of tests
// have idle.
void repeat(Storage storage) {
  const long pixels = static_cast<long>(kBatch) * kSide * kSide;
  Chain chain{
      storage, kBatch, kSide, kSide, {pointwise(kIn, kOut), depthwise(kOut, 3), dense(kOut, kOut, 3)}};
  std::vector<std::vector<float>> weights;
  for (Unit& unit : chain.units) {
    unit.weight_stride =
        unit.kernel * unit.kernel * (unit.convolution == Convolution::depthwise ? 1 : unit.in_channels);
    weights.emplace_back(unit.out_channels * unit.weight_stride);
    for (float& weight : weights.back()) weight = static_cast<float>(0.2 * random_value());
    unit.weight = weights.back().data();
  }
  Tensor x(storage, pixels, kIn), dy(storage, pixels, kOut);
  for (long i = 0; i < pixels * kIn; ++i) x.set(i, static_cast<float>(random_value()));
  for (long i = 0; i < pixels * kOut; ++i) dy.set(i, static_cast<float>(random_value()));
  Workspace workspace(kThreads);
  std::vector<char> saved(saved_bytes(chain) + 64);
  void* const aligned = saved.data() + (64 - reinterpret_cast<std::size_t>(saved.data()) % 64) % 64;

  const auto step = [&] {
    Tensor out(storage, pixels, kOut), dx(storage, pixels, kIn);
    Step result{{}, {}, weights, std::vector<float>(kOut)};
    std::vector<BatchStatistics> statistics(chain.units.size());
    statistics.back().mean = result.mean.data();
    std::vector<UnitGradients> gradients(chain.units.size());
    for (std::size_t i = 0; i < gradients.size(); ++i)
      gradients[i] = {result.dw[i].data(), chain.units[i].weight_stride, nullptr, nullptr};
    Output output;
    output.data = out.data();
    output.pixel_stride = kOut;
    const Input input{x.data(), kIn, 1};
    forward(chain, input, output, aligned, statistics.data(), workspace);
    ChainGradients outer;
    outer.output = dy.data();
    outer.output_stride = kOut;
    outer.input = dx.data();
    outer.input_stride = kIn;
    backward(chain, input, output, aligned, outer, gradients.data(), workspace);
    result.out = out.slice(0, 1, kOut);
    result.dx = dx.slice(0, 1, kIn);
    return result;
  };
  const Step first = step();
  bool same = true;
  for (int i = 0; i < 20; ++i) same = same && step() == first;
  check(same, std::string(isa_name()) + (storage == Storage::float32 ? " fp32" : " bf16") +
                  " steps repeat bit for bit, whichever threads run");
}

}  // namespace

void test_repeat() {
  repeat(Storage::float32);
  repeat(Storage::bfloat16);
}

}  // namespace singlepath::cpu::test
