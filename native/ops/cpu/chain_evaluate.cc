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
    if (!unit.unit->gate)
      pixels = std::min(pixels, static_cast<long>(unit.geometry.out_height) * unit.geometry.out_width);
  return static_cast<int>(std::min<long>(batch, (kMaxPanelRows + pixels - 1) / pixels));
}

// What a block of images keeps: two raw outputs, and two of a gate's, which take turns.
struct BlockMemory {
  std::size_t raw, gate;  // bytes of one
  BlockMemory(const ChainPlan& p, int images) : raw(p.largest_raw_bytes * images), gate(0) {
    for (const GatePlan& own : p.gates)
      gate = std::max(gate, sizeof(float) * static_cast<std::size_t>(own.widest) * images);
  }
  std::size_t bytes() const { return 2 * (raw + gate); }
  char* raw_at(char* base, std::size_t turn) const { return base + turn % 2 * raw; }
  float* gate_at(char* base, std::size_t turn) const {
    return reinterpret_cast<float*>(base + 2 * raw + turn % 2 * gate);
  }
};

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
      if (!u.normalized) {
        scale[c] = 1.f;
        folded.bias[c] = u.beta ? u.beta[c] : 0.f;
        continue;
      }
      const double s = (u.gamma ? u.gamma[c] : 1.0) /
                       std::sqrt(static_cast<double>(statistics[i].variance[c]) + u.epsilon);
      scale[c] = static_cast<float>(s);
      folded.bias[c] = static_cast<float>((u.beta ? u.beta[c] : 0.0) - statistics[i].mean[c] * s);
    }
    folded.weights = ArenaBlock(packed_bytes(unit));
    pack_forward(unit, scale.data(), folded.weights.data(), 0, pack_items(unit));
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
    with_forward(unit, geometry, in, nullptr, {}, [&](const auto& task, auto, long) {
      scratch = std::max<long>(scratch, task.scratch_floats());
    });
  }
  const BlockMemory layout(whole, images);
  const int slots = share ? 1 : pool.threads();
  char* memory = static_cast<char*>(workspace.shared(Workspace::turns, layout.bytes() * slots));
  workspace.reserve_scratch(scratch);

  // One block of images; `items(count, grain, body)` runs a kernel's items, here or on all threads.
  const auto block = [&](long index, int slot, const auto& items) {
    const long first = index * images;
    const int count = static_cast<int>(std::min<long>(images, batch - first));
    char* const own = memory + layout.bytes() * slot;
    const UnitPlan& start = whole.units.front();
    Operand in = input_operand(chain_, input);
    in.data = static_cast<const char*>(input.data) +
              first * start.geometry.height * start.geometry.width * input.pixel_stride * element;
    const auto pool_images = [&](const PoolOutput& task) {
      items(count, 1L, [&](long begin, long end, int) { run.pool_output(task, begin, end); });
    };
    Operand ungated{};
    for (std::size_t i = 0; i < whole.units.size(); ++i) {
      const UnitPlan& unit = whole.units[i];
      if (const GatePlan* gate = whole.gate_from(i)) {
        ungated = in;
        const Geometry& g = whole.units[i - 1].geometry;
        float* means = layout.gate_at(own, i - 1);
        pool_images({in, g.out_height * g.out_width, means, gate->width});
        in = means_operand(whole, *gate, means);
      }
      Geometry geometry = unit.geometry;
      geometry.batch = count;
      void* to = layout.raw_at(own, static_cast<std::size_t>(unit.turn));
      if (unit.unit->gate) to = layout.gate_at(own, i);
      const ForwardSink sink{to, units_[i].bias.data(), unit.unit->activation};
      with_forward(unit, geometry, in, units_[i].weights.data(), sink,
                   [&](const auto& task, auto kernel, long grain) {
                     items(task.items(), grain, [&](long begin, long end, int thread) {
                       kernel(task, begin, end, workspace.scratch(thread), nullptr);
                     });
                   });
      in = {to, unit.width, 1, unit.unit->out_channels, nullptr, nullptr, Activation::none};
      if (const GatePlan* gate = whole.gate_until(i + 1))
        in = gated_operand(ungated, whole.units[gate->begin - 1], *gate, layout.gate_at(own, i));
    }
    const UnitPlan& last = whole.units.back();
    const int pixels = last.geometry.out_height * last.geometry.out_width;
    if (output.pooled)
      return pool_images(
          {in, pixels, static_cast<float*>(output.data) + first * output.pixel_stride, output.pixel_stride});
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
