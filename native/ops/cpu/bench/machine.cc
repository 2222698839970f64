#include "machine.h"

#include <algorithm>
#include <cstdio>

#include "../kernels.h"
#include "cases.h"
#include "clock.h"

namespace singlepath::cpu {
namespace {

double product_flops(Storage storage, Workspace& workspace) {
  ThreadPool& pool = workspace.pool();
  const int rows = kMaxPanelRows, k = 160, n = 144, rounds = 400;
  std::vector<Buffer> as, bs, cs;
  for (int t = 0; t < pool.threads(); ++t) {
    as.emplace_back(rows * k * 4), bs.emplace_back(k * n * 4), cs.emplace_back(rows * n * 4);
  }
  const StorageKernels& run = kernels().of(storage);
  const double seconds = median_seconds(9, [&] {
    pool.run(pool.threads(), [&](int t, int) {
      for (int i = 0; i < rounds; ++i)
        run.product(as[t].as<void>(), bs[t].as<void>(), cs[t].as<float>(), rows, k, n);
    });
  });
  return 2.0 * rows * k * n * rounds * pool.threads() / seconds;
}

double stream_bandwidth(double bytes, Workspace& workspace) {
  ThreadPool& pool = workspace.pool();
  const long floats = static_cast<long>(bytes / 4 / 2 / pool.threads()) / 16 * 16;
  std::vector<Buffer> from, to;
  for (int t = 0; t < pool.threads(); ++t) from.emplace_back(floats * 4), to.emplace_back(floats * 4);
  const int repeats = static_cast<int>(std::max(1.0, 64e6 / bytes));
  const double seconds = median_seconds(9, [&] {
    pool.run(pool.threads(), [&](int t, int) {
      for (int i = 0; i < repeats; ++i) {
        const float* a = from[t].as<float>();
        float* b = to[t].as<float>();
        for (long j = 0; j < floats; ++j) b[j] = a[j] * 1.5f;
      }
    });
  });
  return bytes * repeats / seconds;
}

}  // namespace

Machine measure_machine(Workspace& workspace) {
  Machine machine;
  machine.float32_flops = product_flops(Storage::float32, workspace);
  machine.bfloat16_flops = product_flops(Storage::bfloat16, workspace);
  for (const double bytes : {1e6, 8e6, 64e6, 256e6})
    machine.streams.push_back({bytes, stream_bandwidth(bytes, workspace)});
  return machine;
}

double Machine::roofline(Storage storage, double operations, double moved, double working_set) const {
  double bandwidth = streams.back().bandwidth;
  for (const Stream& stream : streams) {
    if (stream.bytes < working_set) continue;
    bandwidth = stream.bandwidth;
    break;
  }
  return std::max(operations / flops(storage), moved / bandwidth);
}

void print(const Machine& machine) {
  std::printf("machine  product in cache  fp32 %7.1f GFLOP/s, bf16 %7.1f GFLOP/s\n",
              machine.float32_flops / 1e9, machine.bfloat16_flops / 1e9);
  for (const Machine::Stream& stream : machine.streams)
    std::printf("machine  stream %4.0f MB   %7.1f GB/s (read + written)\n", stream.bytes / 1e6,
                stream.bandwidth / 1e9);
}

}  // namespace singlepath::cpu
