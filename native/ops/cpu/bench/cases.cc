#include "cases.h"

#include <cmath>
#include <random>

namespace singlepath::cpu {
namespace {

std::mt19937 generator(0);

}  // namespace

void randomise(void* data, long n, Storage storage, float scale) {
  std::normal_distribution<float> normal(0, scale);
  for (long i = 0; i < n; ++i) {
    const float x = normal(generator);
    if (storage == Storage::float32)
      static_cast<float*>(data)[i] = x;
    else {
      uint32_t bits;
      std::memcpy(&bits, &x, 4);
      static_cast<uint16_t*>(data)[i] = static_cast<uint16_t>(bits >> 16);
    }
  }
}

Layer& Network::add(int height, int width, std::vector<Unit> units, bool keeps_input) {
  Layer layer;
  layer.chain.storage = storage;
  layer.chain.batch = batch;
  layer.chain.height = height;
  layer.chain.width = width;
  layer.chain.keeps_input = keeps_input;
  for (Unit& u : units) {
    u.weight_stride = u.kernel * u.kernel * (u.convolution == Convolution::depthwise ? 1 : u.in_channels);
    const long n = u.out_channels * u.weight_stride;
    u.weight = floats(n, 1 / std::sqrt(static_cast<float>(u.weight_stride)));
    UnitGradients g;
    g.weight = floats(n);
    g.weight_stride = u.weight_stride;
    layer.unit_gradients.push_back(g);
    spans.push_back({const_cast<float*>(u.weight), g.weight, floats(n), 1, n, n, n, 4e-5f});
  }
  layer.chain.units = std::move(units);
  layer.saved = Buffer(saved_bytes(layer.chain));
  layers.push_back(std::move(layer));
  return layers.back();
}

Network path(Storage storage, int batch, int size, int stem_stride, const std::vector<int>& choices) {
  const int stages[4][2] = {{4, 64}, {4, 160}, {8, 320}, {4, 640}};
  Network net{storage, batch};
  net.memory.reserve(4096);
  int side = (size - 1) / stem_stride + 1, width = 16;
  void* x = net.tensor(static_cast<long>(batch) * size * size * 3, true);
  void* y = net.tensor(static_cast<long>(batch) * side * side * width);
  void* dy = net.tensor(static_cast<long>(batch) * side * side * width);
  {
    Layer& stem = net.add(size, size, {dense(3, width, 3, stem_stride)});
    stem.read({x, 3, 1}, nullptr);
    stem.write(y, width, dy);
  }
  std::size_t block = 0;
  for (const auto& stage : stages)
    for (int i = 0; i < stage[0]; ++i, ++block) {
      const int stride = i == 0 ? 2 : 1, out = stage[1], mid = out / 2, in = stride == 2 ? width : width / 2;
      const int main_out = out - in, choice = choices[block], k = choice < 3 ? 3 + 2 * choice : 3;
      std::vector<Unit> units;
      if (choice < 3)
        units = {pointwise(in, mid), depthwise(mid, k, stride), pointwise(mid, main_out)};
      else
        units = {depthwise(in, 3, stride), pointwise(in, mid),   depthwise(mid, 3, 1),
                 pointwise(mid, mid),      depthwise(mid, 3, 1), pointwise(mid, main_out)};
      const int out_side = (side - 1) / stride + 1;
      void* z = net.tensor(static_cast<long>(batch) * out_side * out_side * out);
      void* dz = net.tensor(static_cast<long>(batch) * out_side * out_side * out);
      Layer& main = net.add(side, side, units, /*keeps_input=*/stride == 1);
      const int offset = stride == 1 ? 1 : 0;
      main.read({net.at(y, offset), width, stride == 1 ? 2 : 1}, net.at(dy, offset));
      main.write(net.at(z, in), out, net.at(dz, in));
      if (stride == 1) {
        main.output.pass = {y, width, 2};
        main.output.pass_channels = in;
        main.output.pass_data = z;
        main.gradients.pass = dz;
        main.gradients.pass_input = dy;
      } else {
        // Runs backward before main, which therefore adds.
        main.gradients.accumulate = true;
        Layer& projection = net.add(side, side, {depthwise(in, k, 2), pointwise(in, in)});
        projection.read({y, width, 1}, dy);
        projection.write(z, out, dz);
      }
      y = z, dy = dz, width = out, side = out_side;
    }
  Layer& head = net.add(side, side, {pointwise(width, 1024)});
  head.read({y, width, 1}, dy);
  float* pooled = net.floats(static_cast<long>(batch) * 1024);
  head.write(pooled, 1024, net.floats(static_cast<long>(batch) * 1024, 1e-3f));
  head.output.pooled = true;
  return net;
}

double multiply_adds(const Chain& chain) {
  double total = 0;
  int h = chain.height, w = chain.width;
  for (const Unit& u : chain.units) {
    h = (h - 1) / u.stride + 1, w = (w - 1) / u.stride + 1;
    total += static_cast<double>(chain.batch) * h * w * u.out_channels * u.weight_stride;
  }
  return total;
}

}  // namespace singlepath::cpu
