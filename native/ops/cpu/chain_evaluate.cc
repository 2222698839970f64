// Evaluation: convolution and BatchNorm folded into one affine convolution. Without batch statistics images
// do not depend on each other, so a thread takes a few images through the whole chain while they stay in its
// cache. Only when there are fewer such blocks than threads, every unit is shared out instead.

#include <cmath>

#include "convolution.h"

namespace singlepath::cpu {
namespace {

// Images of a block: enough pixels on the smallest map to fill a panel of the matrix product.
int block_images(const ChainPlan& p, int batch) {
  long pixels = kMaxPanelRows;
  for (const UnitPlan& unit : p.units)
    pixels = std::min(pixels, static_cast<long>(unit.geometry.out_height) * unit.geometry.out_width);
  return static_cast<int>(std::min<long>(batch, (kMaxPanelRows + pixels - 1) / pixels));
}

}  // namespace

FoldedChain::FoldedChain(const Chain& chain, const RunningStatistics* statistics) : chain_(chain) {
  chain_.batch = 1;
  const ChainPlan p = plan(chain_);
  for (std::size_t i = 0; i < p.units.size(); ++i) {
    const UnitPlan& unit = p.units[i];
    const Unit& u = *unit.unit;
    Folded folded;
    std::vector<float> scale(u.out_channels);
    folded.bias.assign(unit.width, 0.f);
    for (int c = 0; c < u.out_channels; ++c) {
      const double s = (u.gamma ? u.gamma[c] : 1.0) /
                       std::sqrt(static_cast<double>(statistics[i].variance[c]) + u.epsilon);
      scale[c] = static_cast<float>(s);
      folded.bias[c] = static_cast<float>((u.beta ? u.beta[c] : 0.0) - statistics[i].mean[c] * s);
    }
    folded.weights = ArenaBlock(packed_bytes(unit));
    pack_forward(unit, chain.storage, scale.data(), folded.weights.data(), 0, pack_items(unit));
    units_.push_back(std::move(folded));
  }
  for (Unit& unit : chain_.units) unit.weight = unit.gamma = unit.beta = nullptr;
}

void FoldedChain::run(int batch, const Input& input, const Output& output, Workspace& workspace) const {
  check_output(output);
  const StorageKernels& run = kernels().of(chain_.storage);
  ThreadPool& pool = workspace.pool();
  const ChainPlan whole = plan(chain_);  // of one image
  const int element = whole.element;
  int images = block_images(whole, batch);
  const bool share = (batch + images - 1) / images < pool.threads();  // share out each unit
  if (share) images = batch;
  const long blocks = (batch + images - 1) / images;

  long scratch = 64;
  for (const UnitPlan& unit : whole.units) {
    Operand in{};
    in.channels = unit.unit->in_channels;
    Geometry geometry = unit.geometry;
    geometry.batch = images;
    with_forward(unit, chain_.storage, geometry, in, nullptr, {}, [&](const auto& task, auto, long) {
      scratch = std::max<long>(scratch, task.scratch_floats());
    });
  }
  // Raw outputs alternate between two buffers of the block.
  const std::size_t buffer = (whole.largest_raw_bytes + 63) / 64 * 64 * images;
  const int buffers = share ? 1 : pool.threads();
  char* memory = static_cast<char*>(workspace.shared(Workspace::turns, 2 * buffer * buffers));
  workspace.reserve_scratch(scratch);

  // One block of images; `items(count, grain, body)` runs a kernel's items, here or on all threads.
  const auto block = [&](long index, int slot, const auto& items) {
    const long first = index * images;
    const int count = static_cast<int>(std::min<long>(images, batch - first));
    void* turns[2] = {memory + 2 * buffer * slot, memory + 2 * buffer * slot + buffer};
    const UnitPlan& start = whole.units.front();
    Operand in = input_operand(chain_, input);
    in.data = static_cast<const char*>(input.data) +
              first * start.geometry.height * start.geometry.width * input.pixel_stride * element;
    for (std::size_t i = 0; i < whole.units.size(); ++i) {
      const UnitPlan& unit = whole.units[i];
      Geometry geometry = unit.geometry;
      geometry.batch = count;
      const ForwardSink sink{turns[i % 2], units_[i].bias.data(), unit.unit->activation};
      with_forward(unit, chain_.storage, geometry, in, units_[i].weights.data(), sink,
                   [&](const auto& task, auto kernel, long grain) {
                     items(task.items(), grain, [&](long begin, long end, int thread) {
                       kernel(task, begin, end, workspace.scratch(thread), nullptr);
                     });
                   });
      in = {turns[i % 2], unit.width, 1, unit.unit->out_channels, nullptr, nullptr, Activation::none};
    }
    const UnitPlan& last = whole.units.back();
    const int pixels = last.geometry.out_height * last.geometry.out_width;
    if (output.pooled) {
      const PoolOutput task{in, pixels, static_cast<float*>(output.data) + first * output.pixel_stride,
                            output.pixel_stride};
      items(count, 1L, [&](long begin, long end, int) { run.pool_output(task, begin, end); });
      return;
    }
    const auto at = [&](const void* data, long stride) {
      return data ? static_cast<const char*>(data) + first * pixels * stride * element : nullptr;
    };
    const auto to = [&](void* data) { return const_cast<char*>(at(data, output.pixel_stride)); };
    const WriteOutput task{in,
                           to(output.data),
                           output.pixel_stride,
                           at(output.residual.data, output.residual.pixel_stride),
                           output.residual.pixel_stride,
                           output.residual.channel_step,
                           output.post,
                           at(output.pass.data, output.pass.pixel_stride),
                           output.pass.pixel_stride,
                           output.pass.channel_step,
                           output.pass_channels,
                           to(output.pass_data)};
    items(static_cast<long>(count) * pixels, 32L,
          [&](long begin, long end, int) { run.write_output(task, begin, end); });
  };

  if (share) {
    block(0, 0, [&](long count, long grain, const auto& body) { pool.parallel_for(count, grain, body); });
    return;
  }
  pool.parallel_for(blocks, 1, [&](long begin, long end, int thread) {
    for (long index = begin; index < end; ++index)
      block(index, thread, [thread](long count, long, const auto& body) { body(0L, count, thread); });
  });
}

}  // namespace singlepath::cpu
