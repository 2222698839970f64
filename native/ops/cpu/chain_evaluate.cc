// Evaluation: convolution and BatchNorm folded into one affine convolution. Without batch statistics images
// do not depend on each other, so a thread takes a few images through the whole chain while they stay in its
// cache. Only when there are fewer such blocks than threads, every unit is shared out instead.

#include <cmath>

#include "convolution.h"
#include "quantized_operand.h"

namespace singlepath::cpu {
namespace {

long blocks_of(int batch, int images) {
  return (batch + images - 1) / images;
}

// Images of a block: enough pixels on the smallest map to fill a panel of the matrix product; all of them
// where that would be fewer blocks than threads.
int block_images(const ChainPlan& p, int batch, int threads) {
  long pixels = kMaxPanelRows;
  for (const UnitPlan& unit : p.units)
    if (!unit.unit->gate)
      pixels = std::min(pixels, static_cast<long>(unit.geometry.out_height) * unit.geometry.out_width);
  const int images = static_cast<int>(std::min<long>(batch, (kMaxPanelRows + pixels - 1) / pixels));
  return blocks_of(batch, images) < threads ? batch : images;
}

// Whether the last unit's results are the output as they are: nothing is added to them, and its kernel takes
// them there.
bool writes_directly(const ChainPlan& p, const Output& output) {
  const UnitPlan& last = p.units.back();
  return last.way == Way::panels && !last.levels && last.width == last.unit->out_channels && !output.pooled &&
         !output.residual.data && output.post == Activation::none;
}

// What a block of images keeps: two raw outputs, and two of a gate's, which take turns, and what a quantizer
// writes. `p` is of one image.
struct BlockMemory {
  std::size_t raw, gate, quantized;  // bytes of one
  BlockMemory(const ChainPlan& p, int images)
      : raw(p.largest_raw_bytes * images), gate(0), quantized(p.largest_quantized_bytes * images) {
    for (const GatePlan& own : p.gates)
      gate = std::max(gate, sizeof(float) * static_cast<std::size_t>(own.widest) * images);
  }
  std::size_t bytes() const { return (2 * (raw + gate) + quantized + 63) / 64 * 64; }
  char* raw_at(char* base, std::size_t turn) const { return base + turn % 2 * raw; }
  float* gate_at(char* base, std::size_t turn) const {
    return reinterpret_cast<float*>(base + 2 * raw + turn % 2 * gate);
  }
  char* quantized_at(char* base) const { return base + 2 * (raw + gate); }
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

// One call of run(): blocks of images, each taken through the whole chain. `items(count, grain, body)` runs a
// kernel's items, here or on all threads.
class FoldedChain::Run {
 public:
  Run(const FoldedChain& folded, int batch, const Input& input, const Output& output, Workspace& workspace)
      : folded_(folded),
        plan_(plan(folded.chain_)),
        kernels_(kernels().of(folded.chain_.storage)),
        batch_(batch),
        images_(block_images(plan_, batch, workspace.pool().threads())),
        layout_(plan_, images_),
        input_(input),
        output_(output),
        workspace_(workspace),
        direct_(writes_directly(plan_, output)) {
    const int slots = shared() ? 1 : workspace.pool().threads();
    memory_ = static_cast<char*>(workspace.shared(Workspace::turns, layout_.bytes() * slots));
    workspace.reserve_scratch(scratch_floats());
  }

  void run() const {
    ThreadPool& pool = workspace_.pool();
    if (shared()) {
      block(0, 0, [&](long count, long grain, const auto& body) { pool.parallel_for(count, grain, body); });
      return;
    }
    pool.parallel_for(blocks(), 1, [&](long begin, long end, int thread) {
      for (long index = begin; index < end; ++index)
        block(index, thread, [thread](long count, long, const auto& body) { body(0L, count, thread); });
    });
  }

 private:
  long blocks() const { return blocks_of(batch_, images_); }
  // Too few blocks for the threads: each unit is shared out.
  bool shared() const { return blocks() < workspace_.pool().threads(); }

  long scratch_floats() const {
    long floats = 64;
    for (const UnitPlan& unit : plan_.units) {
      Operand in{};
      in.channels = unit.unit->in_channels;
      Geometry geometry = unit.geometry;
      geometry.batch = images_;
      with_forward(unit, geometry, in, nullptr, {}, [&](const auto& task, auto, long) {
        floats = std::max<long>(floats, task.scratch_floats());
      });
    }
    return floats;
  }

  template <class Items>
  void block(long index, int slot, const Items& items) const {
    const long first = index * images_;
    const int count = static_cast<int>(std::min<long>(images_, batch_ - first));
    write(first, count, units(first, count, memory_ + layout_.bytes() * slot, items), items);
  }

  // The chain of `count` images; `own`: the memory of the block. Returns the last output.
  template <class Items>
  Operand units(long first, int count, char* own, const Items& items) const {
    const Geometry& start = plan_.units.front().geometry;
    Operand in = input_operand(folded_.chain_, input_);
    in.data = static_cast<const char*>(input_.data) +
              first * start.height * start.width * input_.pixel_stride * plan_.element;
    Operand ungated{};
    for (std::size_t i = 0; i < plan_.units.size(); ++i) {
      if (const GatePlan* gate = plan_.gate_from(i)) {
        ungated = in;
        const Geometry& g = plan_.units[i - 1].geometry;
        float* means = layout_.gate_at(own, i - 1);
        pool({in, g.out_height * g.out_width, means, gate->width}, count, items);
        in = means_operand(plan_, *gate, means);
      }
      in = unit(i, first, count, in, own, items);
      if (const GatePlan* gate = plan_.gate_until(i + 1))
        in = gated_operand(ungated, plan_.units[gate->begin - 1], *gate, layout_.gate_at(own, i));
    }
    return in;
  }

  template <class Items>
  Operand unit(std::size_t i, long first, int count, const Operand& operand, char* own,
               const Items& items) const {
    const UnitPlan& unit = plan_.units[i];
    const Folded& folded = folded_.units_[i];
    Geometry geometry = unit.geometry;
    geometry.batch = count;
    const Operand in = forward_operand(unit, geometry, operand, layout_.quantized_at(own), items);
    void* to = layout_.raw_at(own, static_cast<std::size_t>(unit.turn));
    if (unit.unit->gate) to = layout_.gate_at(own, i);
    const bool last = i + 1 == plan_.units.size();
    if (last && direct_) to = of_image(first, output_.data, output_.pixel_stride);
    const ForwardSink sink{to, folded.bias.data(), unit.unit->activation,
                           last && direct_ ? output_.pixel_stride : unit.width};
    with_forward(unit, geometry, in, folded.weights.data(), sink,
                 [&](const auto& task, auto kernel, long grain) {
                   items(task.items(), grain, [&](long begin, long end, int thread) {
                     kernel(task, begin, end, workspace_.scratch(thread), nullptr);
                   });
                 });
    return {to, unit.width, 1, unit.unit->out_channels, nullptr, nullptr, Activation::none};
  }

  // The first value of image `first` in a map of the output's size; null stays null.
  void* of_image(long first, const void* data, long pixel_stride) const {
    const Geometry& last = plan_.units.back().geometry;
    const long pixels = first * last.out_height * last.out_width;
    if (data == nullptr) return nullptr;
    return const_cast<char*>(static_cast<const char*>(data)) + pixels * pixel_stride * plan_.element;
  }

  template <class Items>
  void pool(const PoolOutput& task, int count, const Items& items) const {
    items(count, 1L, [&](long begin, long end, int) { kernels_.pool_output(task, begin, end); });
  }

  template <class Items>
  void write(long first, int count, const Operand& in, const Items& items) const {
    const Geometry& last = plan_.units.back().geometry;
    const int pixels = last.out_height * last.out_width;
    if (output_.pooled) {
      float* means = static_cast<float*>(output_.data) + first * output_.pixel_stride;
      return pool({in, pixels, means, output_.pixel_stride}, count, items);
    }
    if (direct_ && !output_.pass.data) return;
    Operand rest = in;
    if (direct_) rest.channels = 0;
    const WriteOutput task{rest,
                           of_image(first, output_.data, output_.pixel_stride),
                           output_.pixel_stride,
                           of_image(first, output_.residual.data, output_.residual.pixel_stride),
                           output_.residual.pixel_stride,
                           output_.residual.channel_step,
                           output_.post,
                           of_image(first, output_.pass.data, output_.pass.pixel_stride),
                           output_.pass.pixel_stride,
                           output_.pass.channel_step,
                           output_.pass_channels,
                           of_image(first, output_.pass_data, output_.pixel_stride)};
    items(static_cast<long>(count) * pixels, 32L,
          [&](long begin, long end, int) { kernels_.write_output(task, begin, end); });
  }

  const FoldedChain& folded_;
  const ChainPlan plan_;  // of one image
  const StorageKernels& kernels_;
  const int batch_;
  const int images_;  // of a block
  const BlockMemory layout_;
  const Input& input_;
  const Output& output_;
  Workspace& workspace_;
  const bool direct_;
  char* memory_;
};

void FoldedChain::run(int batch, const Input& input, const Output& output, Workspace& workspace) const {
  check_output(output);
  Run(*this, batch, input, output, workspace).run();
}

}  // namespace singlepath::cpu
