// What the machine can do (matrix product in cache, stream through memory), what single kernels reach of it
// (the percentage is of the roofline: the least time for their operations and for the bytes they move), what
// products of levels are worth beside those of floats, and the training step of the paper's 20-block
// ShuffleNet supernet on random paths, without the classifier: its time, how often threads wait for each
// other and how long, and its parallel efficiency.
//
//   kernels_bench [--batch 64] [--size 96] [--stem-stride 2] [--threads 2] [--steps 10]
//                 [--only machine|kernels|levels|network] [--clock cpu]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "../chain.h"
#include "../kernels.h"
#include "../sgd.h"
#include "cases.h"
#include "clock.h"
#include "levels.h"
#include "machine.h"

using namespace singlepath;
using namespace singlepath::cpu;

namespace {

// Returns the median step in seconds.
double network(Storage storage, int batch, int size, int stem_stride, int steps, Workspace& workspace) {
  ThreadPool::Activity activity;
  std::vector<double> forwards, backwards, updates, totals;
  double flops = 0;
  std::mt19937 paths(0);
  for (int step = 0; step < steps; ++step) {
    std::vector<int> choices;
    for (int i = 0; i < 20; ++i) choices.push_back(static_cast<int>(paths() % 4));
    Network net = path(storage, batch, size, stem_stride, choices);
    double best[4] = {1e9, 1e9, 1e9, 1e9};
    for (int repeat = 0; repeat < 4; ++repeat) {
      if (repeat == 3) workspace.pool().count(&activity);
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
      workspace.pool().count(nullptr);
      if (repeat == 0 || repeat == 3) continue;  // touches the memory; counts
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
  double busy = 0;
  for (const double seconds : activity.busy) busy += seconds;
  std::printf("threads  %ld jobs a step in %ld pieces; in them threads wait %.1f %% of their time\n",
              activity.jobs / steps, activity.pieces / steps,
              100 * (1 - busy / (activity.seconds * workspace.pool().threads())));
  return median(totals) / 1e3;
}

// One unit as a chain of its own. It moves at least: forward, input read, raw output written and read, output
// written; backward, output gradient and raw read for the sums and again with the input, input gradient
// written. Images need no gradient.
void kernel(const char* name, const Machine& machine, Storage storage, int batch, int side,
            std::vector<Unit> units, Workspace& workspace, bool images = false) {
  Network net{storage, batch};
  net.memory.reserve(256);
  const int in = units.front().in_channels, out = units.back().out_channels, stride = units.front().stride;
  const int out_side = (side - 1) / stride + 1;
  void* x = net.tensor(static_cast<long>(batch) * side * side * in, true);
  void* dx = net.tensor(static_cast<long>(batch) * side * side * in);
  void* y = net.tensor(static_cast<long>(batch) * out_side * out_side * out);
  void* dy = net.tensor(static_cast<long>(batch) * out_side * out_side * out, true);
  Layer& l = net.add(side, side, units);
  l.read({x, in, 1}, images ? nullptr : dx);
  l.write(y, out, dy);
  const double flops = 2 * multiply_adds(l.chain);
  const double element = static_cast<double>(storage_bytes(storage)) * batch;
  const double in_bytes = element * side * side * in, out_bytes = element * out_side * out_side * out;
  const auto line = [&](const char* pass, double seconds, double operations, double moved) {
    const double least = machine.roofline(storage, operations, moved, 2 * (in_bytes + out_bytes));
    std::printf("   %s %7.2f ms %6.1f GFLOP/s %6.1f GB/s %3.0f %%", pass, seconds * 1e3,
                operations / seconds / 1e9, moved / seconds / 1e9, 100 * least / seconds);
  };
  std::printf("kernel   %s %-24s %3d^2", storage == Storage::float32 ? "fp32" : "bf16", name, side);
  line(
      "forward",
      median_seconds(9, [&] { forward(l.chain, l.input, l.output, l.saved.as<void>(), nullptr, workspace); }),
      flops, in_bytes + 3 * out_bytes);
  line("backward",
       median_seconds(9,
                      [&] {
                        backward(l.chain, l.input, l.output, l.saved.as<void>(), l.gradients,
                                 l.unit_gradients.data(), workspace);
                      }),
       images ? flops : 2 * flops, 4 * out_bytes + (images ? 1 : 2) * in_bytes);
  std::printf("\n");
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
    else if (key == "--clock") {
      if (std::string(argv[i + 1]) == "cpu") use_cpu_clock();
    } else if (key == "--only")
      only = argv[i + 1];
    else {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      return 2;
    }
  }
  Workspace workspace(threads);
  std::printf("isa %s, %d threads\n", isa_name(), threads);
  Machine machine;
  if (only != "network" && only != "levels") print(machine = measure_machine(workspace));
  if (only.empty() || only == "levels") measure_levels(workspace);
  for (Storage storage : {Storage::float32, Storage::bfloat16}) {
    if (only.empty() || only == "kernels") {
      const struct {
        int side, channels;
      } maps[] = {{24, 32}, {12, 80}, {6, 160}, {3, 320}},
        maps_of_resnet18[] = {{24, 64}, {12, 128}, {6, 256}, {3, 512}};
      for (const auto& map : maps) {
        const std::string c = std::to_string(map.channels);
        kernel(("pointwise " + c).c_str(), machine, storage, batch, map.side,
               {pointwise(map.channels, map.channels)}, workspace);
        for (int k : {3, 5, 7})
          kernel(("depthwise " + std::to_string(k) + ", " + c).c_str(), machine, storage, batch, map.side,
                 {depthwise(map.channels, k, 1)}, workspace);
      }
      kernel("depthwise 7 stride 2, 64", machine, storage, batch, 48, {depthwise(64, 7, 2)}, workspace);
      for (const auto& map : maps_of_resnet18) {
        const std::string c = std::to_string(map.channels);
        kernel(("dense 3, " + c).c_str(), machine, storage, batch, map.side,
               {dense(map.channels, map.channels, 3)}, workspace);
        kernel(("dense 3 stride 2, to " + c).c_str(), machine, storage, batch, 2 * map.side,
               {dense(map.channels / 2, map.channels, 3, 2)}, workspace);
      }
      kernel("stem 3-16 stride 2", machine, storage, batch, 96, {dense(3, 16, 3, 2)}, workspace,
             /*images=*/true);
    }
    if (only.empty() || only == "network") {
      const double all = network(storage, batch, size, stem_stride, steps, workspace);
      if (threads == 1) continue;
      Workspace alone(1);
      const double one = network(storage, batch, size, stem_stride, steps, alone);
      std::printf("threads  parallel efficiency 1 to %d: %.2f\n", threads, one / all / threads);
    }
  }
}
