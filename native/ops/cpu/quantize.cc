#include "quantize.h"

#include <algorithm>
#include <cstring>

#include "kernels.h"

namespace singlepath::cpu {
namespace {

// Sums are made of blocks of this many values, whoever adds them up.
constexpr long kBlock = 4096;
// Blocks that are worth waking another thread for.
constexpr long kGrain = 4;

// Calls body(block, first, count) for each block of n values, on all threads.
template <class Body>
void for_blocks(long n, Workspace& workspace, const Body& body) {
  workspace.pool().parallel_for((n + kBlock - 1) / kBlock, kGrain, [&](long begin, long end, int) {
    for (long block = begin; block < end; ++block)
      body(block, block * kBlock, std::min(kBlock, n - block * kBlock));
  });
}

// One value a block, from body(first, count).
template <class Value, class Body>
std::vector<Value> of_blocks(long n, Workspace& workspace, const Body& body) {
  std::vector<Value> values((n + kBlock - 1) / kBlock);
  for_blocks(n, workspace, [&](long block, long first, long count) { values[block] = body(first, count); });
  return values;
}

}  // namespace

void quantize(const Quantizer& quantizer, Storage storage, const void* x, long n, void* out,
              Workspace& workspace) {
  const StorageKernels& run = kernels().of(storage);
  const long bytes = storage_bytes(storage);
  for_blocks(n, workspace, [&](long, long first, long count) {
    run.quantize(quantizer, static_cast<const char*>(x) + first * bytes,
                 static_cast<char*>(out) + first * bytes, count);
  });
}

double quantize_backward(const Quantizer& quantizer, Storage storage, const void* x, const void* gradient,
                         long n, void* dx, Workspace& workspace) {
  const StorageKernels& run = kernels().of(storage);
  const long bytes = storage_bytes(storage);
  const std::vector<QuantizerSums> blocks =
      of_blocks<QuantizerSums>(n, workspace, [&](long first, long count) {
        return run.quantize_backward(quantizer, static_cast<const char*>(x) + first * bytes,
                                     static_cast<const char*>(gradient) + first * bytes,
                                     dx ? static_cast<char*>(dx) + first * bytes : nullptr, count);
      });
  double sum = 0;
  long largest = 0;
  for (const QuantizerSums& block : blocks) {
    sum += block.gradient;
    largest += block.largest;
  }
  if (quantizer.rounding != Rounding::dorefa) return sum;
  if (largest == 0 || !dx) return 0;
  // The scale's gradient belongs to the values that have it, in equal parts.
  const double scale = quantizer.scale;
  const float part = static_cast<float>(-sum / (scale * scale) / static_cast<double>(largest));
  for_blocks(n, workspace, [&](long block, long first, long count) {
    if (blocks[block].largest > 0)
      kernels().add_to_largest(quantizer, static_cast<const float*>(x) + first,
                               static_cast<float*>(dx) + first, count, part);
  });
  return 0;
}

float largest_magnitude(const float* x, long n, Workspace& workspace) {
  const Kernels& run = kernels();
  uint32_t bits = 0;
  for (const uint32_t block : of_blocks<uint32_t>(
           n, workspace, [&](long first, long count) { return run.largest_magnitude(x + first, count); }))
    bits = std::max(bits, block);
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

float mean_magnitude(const float* x, long n, Workspace& workspace) {
  const Kernels& run = kernels();
  double sum = 0;
  for (const double block : of_blocks<double>(
           n, workspace, [&](long first, long count) { return run.sum_of_magnitudes(x + first, count); }))
    sum += block;
  return static_cast<float>(sum / static_cast<double>(n));
}

}  // namespace singlepath::cpu
