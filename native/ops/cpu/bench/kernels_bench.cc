// What the machine can do (matrix product in cache, stream through memory), what single kernels reach of it,
// and the training step of the paper's 20-block ShuffleNet supernet on random paths, without the classifier.
//
//   kernels_bench [--batch 64] [--size 96] [--stem-stride 2] [--threads 2] [--steps 10] [--only
//   machine|kernels|network] [--clock cpu]

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>

#include "../chain.h"
#include "../kernels.h"
#include "../sgd.h"

using namespace singlepath;
using namespace singlepath::cpu;

namespace {

bool cpu_clock = false;  // CPU time of the process: on a busy machine, with one thread

double now() {
  if (cpu_clock) {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median_seconds(int repeats, const std::function<void()>& body) {
  std::vector<double> times;
  body();
  for (int i = 0; i < repeats; ++i) {
    const double start = now();
    body();
    times.push_back(now() - start);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// Memory that a tensor would have: 64-byte aligned, filled with something harmless.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : data_(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) {
    std::memset(data_, 0, bytes);
  }
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_;
};

std::mt19937 generator(0);

void randomise(void* data, long n, Storage storage, float scale = 1) {
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

// ---- machine ----

void machine(Workspace& workspace) {
  ThreadPool& pool = workspace.pool();
  const int rows = kMaxPanelRows, k = 160, n = 144, rounds = 400;
  std::vector<Buffer> as, bs, cs;
  for (int t = 0; t < pool.threads(); ++t) {
    as.emplace_back(rows * k * 4), bs.emplace_back(k * n * 4), cs.emplace_back(rows * n * 4);
  }
  const double gemm = median_seconds(9, [&] {
    pool.run([&](int t) {
      for (int i = 0; i < rounds; ++i)
        kernels().gemm(as[t].as<float>(), k, bs[t].as<float>(), cs[t].as<float>(), n, rows, k, n);
    });
  });
  std::printf("machine  gemm in cache   %7.1f GFLOP/s\n",
              2.0 * rows * k * n * rounds * pool.threads() / gemm / 1e9);
  for (const double mb : {1.0, 8.0, 64.0, 256.0}) {
    const long floats = static_cast<long>(mb * 1e6 / 4 / 2 / pool.threads()) / 16 * 16;
    std::vector<Buffer> from, to;
    for (int t = 0; t < pool.threads(); ++t) from.emplace_back(floats * 4), to.emplace_back(floats * 4);
    const int repeats = static_cast<int>(std::max(1.0, 64 / mb));
    const double seconds = median_seconds(9, [&] {
      pool.run([&](int t) {
        for (int i = 0; i < repeats; ++i) {
          const float* a = from[t].as<float>();
          float* b = to[t].as<float>();
          for (long j = 0; j < floats; ++j) b[j] = a[j] * 1.5f;
        }
      });
    });
    std::printf("machine  stream %4.0f MB  %7.1f GB/s (read + written)\n", mb, mb * repeats / 1e3 / seconds);
  }
}

// ---- chains with memory of their own ----

struct Layer {
  Chain chain;
  Input input;
  Output output;
  ChainGradients gradients;
  std::vector<UnitGradients> unit_gradients;
  Buffer saved{64};
};

Unit unit(Convolution kind, int in, int out, int kernel, int stride, Activation activation) {
  Unit u;
  u.convolution = kind;
  u.in_channels = in;
  u.out_channels = out;
  u.kernel = kernel;
  u.stride = stride;
  u.activation = activation;
  return u;
}
Unit pointwise(int in, int out) {
  return unit(Convolution::pointwise, in, out, 1, 1, Activation::relu);
}
Unit depthwise(int c, int k, int stride) {
  return unit(Convolution::depthwise, c, c, k, stride, Activation::none);
}

struct Network {
  Storage storage;
  int batch;
  std::vector<Buffer> memory;
  std::vector<Layer> layers;
  std::vector<SgdSpan> spans;
  std::size_t saved = 0;

  void* tensor(long elements, bool random = false) {
    memory.emplace_back(static_cast<std::size_t>(elements) * storage_bytes(storage));
    if (random) randomise(memory.back().as<void>(), elements, storage);
    return memory.back().as<void>();
  }
  float* floats(long n, float scale = 0) {
    memory.emplace_back(static_cast<std::size_t>(n) * 4);
    if (scale > 0) randomise(memory.back().as<void>(), n, Storage::float32, scale);
    return memory.back().as<float>();
  }
  char* at(void* data, long element) { return static_cast<char*>(data) + element * storage_bytes(storage); }

  Layer& add(int height, int width, std::vector<Unit> units) {
    Layer layer;
    layer.chain.storage = storage;
    layer.chain.batch = batch;
    layer.chain.height = height;
    layer.chain.width = width;
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
};

// One path of the supernet: stem, 20 blocks, head with pool; choices 0-2 are kernels 3, 5, 7, choice 3 is
// Xception.
Network path(Storage storage, int batch, int size, int stem_stride, const std::vector<int>& choices) {
  const int stages[4][2] = {{4, 64}, {4, 160}, {8, 320}, {4, 640}};
  Network net{storage, batch, {}, {}, {}, 0};
  net.memory.reserve(4096);
  int side = (size - 1) / stem_stride + 1, width = 16;
  void* x = net.tensor(static_cast<long>(batch) * size * size * 3, true);
  void* y = net.tensor(static_cast<long>(batch) * side * side * width);
  void* dy = net.tensor(static_cast<long>(batch) * side * side * width);
  {
    Layer& stem = net.add(size, size, {unit(Convolution::dense, 3, width, 3, stem_stride, Activation::relu)});
    stem.input = {x, 3, 1};
    stem.output.data = y;
    stem.output.pixel_stride = width;
    stem.gradients.output = dy;
    stem.gradients.output_stride = width;
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
      Layer& main = net.add(side, side, units);
      const int offset = stride == 1 ? 1 : 0;
      main.input = {net.at(y, offset), width, stride == 1 ? 2 : 1};
      main.output.data = net.at(z, in);
      main.output.pixel_stride = out;
      main.gradients.output = net.at(dz, in);
      main.gradients.output_stride = out;
      main.gradients.input = net.at(dy, offset);
      main.gradients.input_stride = width;
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
        projection.input = {y, width, 1};
        projection.output.data = z;
        projection.output.pixel_stride = out;
        projection.gradients.output = dz;
        projection.gradients.output_stride = out;
        projection.gradients.input = dy;
        projection.gradients.input_stride = width;
      }
      y = z, dy = dz, width = out, side = out_side;
    }
  Layer& head = net.add(side, side, {pointwise(width, 1024)});
  head.input = {y, width, 1};
  head.output.data = net.floats(static_cast<long>(batch) * 1024);
  head.output.pixel_stride = 1024;
  head.output.pooled = true;
  head.gradients.output = net.floats(static_cast<long>(batch) * 1024, 1e-3f);
  head.gradients.output_stride = 1024;
  head.gradients.input = dy;
  head.gradients.input_stride = width;
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

void network(Storage storage, int batch, int size, int stem_stride, int steps, Workspace& workspace) {
  std::vector<double> forwards, backwards, updates, totals;
  double flops = 0;
  std::mt19937 paths(0);
  for (int step = 0; step < steps; ++step) {
    std::vector<int> choices;
    for (int i = 0; i < 20; ++i) choices.push_back(static_cast<int>(paths() % 4));
    Network net = path(storage, batch, size, stem_stride, choices);
    double best[4] = {1e9, 1e9, 1e9, 1e9};
    for (int repeat = 0; repeat < 3; ++repeat) {
      const double start = now();
      for (Layer& l : net.layers) forward(l.chain, l.input, l.output, l.saved.as<void>(), nullptr, workspace);
      const double middle = now();
      for (std::size_t i = net.layers.size(); i-- > 0;) {
        Layer& l = net.layers[i];
        backward(l.chain, l.input, l.output, l.saved.as<void>(), l.gradients, l.unit_gradients.data(),
                 workspace);
      }
      const double end = now();
      sgd_step(net.spans, {0.f, 0.9f, false}, workspace);
      const double last = now();
      if (repeat == 0) continue;  // touches the memory
      const double times[] = {middle - start, end - middle, last - end, last - start};
      for (int i = 0; i < 4; ++i) best[i] = std::min(best[i], times[i]);
    }
    forwards.push_back(best[0]), backwards.push_back(best[1]), updates.push_back(best[2]),
        totals.push_back(best[3]);
    double one = 0;
    for (const Layer& l : net.layers) one += multiply_adds(l.chain);
    flops += 6 * one / steps;
  }
  const auto median = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2] * 1e3;
  };
  std::printf(
      "network  %s batch %d, %d^2, stem stride %d: step %.1f ms (forward %.1f, backward %.1f, sgd %.1f), "
      "%.1f GFLOP/s\n",
      storage == Storage::float32 ? "fp32" : "bf16", batch, size, stem_stride, median(totals),
      median(forwards), median(backwards), median(updates), flops / median(totals) / 1e6);
}

void kernel(const char* name, Storage storage, int batch, int side, std::vector<Unit> units,
            Workspace& workspace) {
  Network net{storage, batch, {}, {}, {}, 0};
  net.memory.reserve(256);
  const int in = units.front().in_channels, out = units.back().out_channels, stride = units.front().stride;
  const int out_side = (side - 1) / stride + 1;
  void* x = net.tensor(static_cast<long>(batch) * side * side * in, true);
  void* dx = net.tensor(static_cast<long>(batch) * side * side * in);
  void* y = net.tensor(static_cast<long>(batch) * out_side * out_side * out);
  void* dy = net.tensor(static_cast<long>(batch) * out_side * out_side * out, true);
  Layer& l = net.add(side, side, units);
  l.input = {x, in, 1};
  l.output.data = y;
  l.output.pixel_stride = out;
  l.gradients.output = dy;
  l.gradients.output_stride = out;
  l.gradients.input = dx;
  l.gradients.input_stride = in;
  const double flops = 2 * multiply_adds(l.chain);
  const double f =
      median_seconds(9, [&] { forward(l.chain, l.input, l.output, l.saved.as<void>(), nullptr, workspace); });
  const double b = median_seconds(9, [&] {
    backward(l.chain, l.input, l.output, l.saved.as<void>(), l.gradients, l.unit_gradients.data(), workspace);
  });
  std::printf("kernel   %s %-24s %3d^2  forward %7.2f ms %6.1f GFLOP/s   backward %7.2f ms %6.1f GFLOP/s\n",
              storage == Storage::float32 ? "fp32" : "bf16", name, side, f * 1e3, flops / f / 1e9, b * 1e3,
              2 * flops / b / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  int batch = 64, size = 96, stem_stride = 2, threads = 2, steps = 10;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    if (key == "--batch")
      batch = std::atoi(argv[i + 1]);
    else if (key == "--size")
      size = std::atoi(argv[i + 1]);
    else if (key == "--stem-stride")
      stem_stride = std::atoi(argv[i + 1]);
    else if (key == "--threads")
      threads = std::atoi(argv[i + 1]);
    else if (key == "--steps")
      steps = std::atoi(argv[i + 1]);
    else if (key == "--clock")
      cpu_clock = std::string(argv[i + 1]) == "cpu";
    else if (key == "--only")
      only = argv[i + 1];
    else {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      return 2;
    }
  }
  Workspace workspace(threads);
  std::printf("isa %s, %d threads\n", isa_name(), threads);
  if (only.empty() || only == "machine") machine(workspace);
  for (Storage storage : {Storage::float32, Storage::bfloat16}) {
    if (only.empty() || only == "kernels") {
      const struct {
        int side, channels;
      } maps[] = {{24, 32}, {12, 80}, {6, 160}, {3, 320}};
      for (const auto& map : maps) {
        const std::string c = std::to_string(map.channels);
        kernel(("pointwise " + c).c_str(), storage, batch, map.side, {pointwise(map.channels, map.channels)},
               workspace);
        for (int k : {3, 5, 7})
          kernel(("depthwise " + std::to_string(k) + ", " + c).c_str(), storage, batch, map.side,
                 {depthwise(map.channels, k, 1)}, workspace);
      }
      kernel("depthwise 7 stride 2, 64", storage, batch, 48, {depthwise(64, 7, 2)}, workspace);
      kernel("dense 3, 64", storage, batch, 24, {unit(Convolution::dense, 64, 64, 3, 1, Activation::relu)},
             workspace);
      kernel("stem 3-16 stride 2", storage, batch, 96,
             {unit(Convolution::dense, 3, 16, 3, 2, Activation::relu)}, workspace);
    }
    if (only.empty() || only == "network") network(storage, batch, size, stem_stride, steps, workspace);
  }
}
