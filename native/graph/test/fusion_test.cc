// Which gates, groups, shuffles and quantizers become part of a chain. test/native/programs.test.ts builds
// and runs it.
#include "graph/fusion.h"

#include "core/test/check.h"

using namespace singlepath;

namespace {

// Appends nodes to a graph; each returns the value it makes.
struct Builder {
  Graph graph;

  int32_t append(Op op, std::vector<int32_t> inputs) {
    graph.nodes.push_back({});
    graph.nodes.back().op = op;
    graph.nodes.back().inputs = std::move(inputs);
    return static_cast<int32_t>(graph.nodes.size());
  }
  Node& last() { return graph.nodes.back(); }

  int32_t conv(int32_t x) { return append(Op::conv2d, {x}); }
  int32_t unit(int32_t x) { return append(Op::activation, {append(Op::batch_norm, {conv(x)})}); }
  int32_t biased(int32_t x) {
    x = conv(x);
    last().bias = true;
    return append(Op::activation, {x});
  }
};

// x * gate(x) between two units.
Graph gated(bool gate_first) {
  Builder b;
  const int32_t x = b.unit(b.unit(0));
  const int32_t gate = b.biased(b.biased(b.append(Op::adaptive_average_pool, {x})));
  b.unit(b.append(Op::multiply, gate_first ? std::vector<int32_t>{gate, x} : std::vector<int32_t>{x, gate}));
  return b.graph;
}

size_t steps_of(const Graph& graph) {
  return plan_steps(graph, Fusion::blocks).size();
}

void whole_chains() {
  for (const bool gate_first : {false, true}) {
    const Graph graph = gated(gate_first);
    const std::vector<FusionStep> steps = plan_steps(graph, Fusion::blocks);
    check(steps.size() == 1 && steps[0].node == nullptr, "a gated block is one step");
    const std::vector<FusedUnit>& units = steps[0].block.parts[0].units;
    check(units.size() == 5, "its units are those around the gate and the gate's");
    for (size_t i = 0; i < units.size(); ++i)
      check(units[i].gate == (i == 2 || i == 3) && units[i].gate == (units[i].norm == nullptr),
            "the gate's units are marked");
  }
}

// What the kernels do not know stays op by op.
void left_alone() {
  constexpr size_t kGate = 3;               // its pool, its own chain, the product
  constexpr size_t kApart = 1 + kGate + 1;  // the units before and behind it are blocks
  const auto changed = [](size_t index, const auto& change) {
    Graph graph = gated(false);
    change(graph.nodes[index]);
    return graph;
  };
  check(steps_of(changed(6, [](Node& pool) { pool.size = 2; })) == kApart, "a gate of several pixels");
  check(steps_of(changed(7, [](Node& conv) { conv.groups = 2; })) == kApart + 2,
        "a gate of grouped convolutions");
  check(steps_of(changed(12, [](Node& conv) { conv.stride = 2; })) == kApart, "a stride behind a gate");
  check(steps_of(changed(12, [](Node& conv) { conv.depthwise = true; })) == kApart,
        "depthwise behind a gate");

  Graph read_twice = gated(false);
  read_twice.nodes.push_back({});
  read_twice.nodes.back().op = Op::add;
  read_twice.nodes.back().inputs = {15, 6};
  check(steps_of(read_twice) == kApart, "a gated value that others read");

  Graph ends_gated = gated(false);
  ends_gated.nodes.resize(12);
  check(steps_of(ends_gated) == 1 + kGate, "no unit behind the gate");
}

// A 1x1 convolution with a bias is a unit, with another kernel or in front of BatchNorm it is not.
void biased_units() {
  Builder b;
  b.biased(b.unit(0));
  check(steps_of(b.graph) == 1, "a biased convolution goes on with a chain");
  check(plan_steps(b.graph, Fusion::pointwise).size() == 4, "on a card it stays as it is");
  Graph other = b.graph;
  other.nodes[3].kernel = 3;
  other.nodes[3].padding = 1;
  check(steps_of(other) == 3, "a biased 3x3 convolution stays as it is");
  b.append(Op::batch_norm, {b.conv(5)});
  b.graph.nodes[5].bias = true;
  check(steps_of(b.graph) == 3, "a biased convolution in front of BatchNorm stays as it is");
}

// A block of FBNet with its groups: grouped 1x1, shuffle, depthwise, grouped 1x1.
Graph grouped(int64_t groups) {
  Builder b;
  const auto in_groups = [&](int32_t x) {
    const size_t conv = b.graph.nodes.size();
    x = b.unit(x);
    b.graph.nodes[conv].groups = groups;
    return x;
  };
  const int32_t shuffled = b.append(Op::channel_shuffle, {in_groups(0)});
  b.last().groups = groups;
  const size_t depthwise = b.graph.nodes.size();
  const int32_t x = b.unit(shuffled);
  b.graph.nodes[depthwise].depthwise = true;
  in_groups(x);
  return b.graph;
}

void groups_and_shuffles() {
  Graph graph = grouped(2);
  const std::vector<FusionStep> steps = plan_steps(graph, Fusion::blocks);
  check(steps.size() == 1 && steps[0].node == nullptr, "a block in two groups is one step");
  const std::vector<FusedUnit>& units = steps[0].block.parts[0].units;
  check(units.size() == 3 && units[0].shuffle == &graph.nodes[3] && units[1].shuffle == nullptr,
        "its first unit shuffles");
  for (const Fusion on_a_card : {Fusion::norms, Fusion::pointwise})
    check(plan_steps(graph, on_a_card).size() == graph.nodes.size() - 3, "on a card three norms activate");
  constexpr size_t kGrouped = 3;  // convolution, BatchNorm, activation
  check(steps_of(grouped(4)) == kGrouped + 1 + 1 + kGrouped, "more groups stay as they are");

  graph.nodes[0].groups = graph.nodes[7].groups = 1;
  check(steps_of(graph) == 1, "a shuffle without groups is taken in");
  graph.nodes[0].depthwise = true;
  check(steps_of(graph) == 3, "a shuffle behind a depthwise convolution stays as it is");
}

// A basic block of a quantized ResNet: every convolution behind a quantizer of its own.
Graph quantized_block() {
  Builder b;
  const auto quantized = [&](int32_t x) { return b.append(Op::fake_quantize, {x}); };
  const int32_t main = b.append(Op::batch_norm, {b.conv(quantized(b.unit(quantized(0))))});
  const int32_t shortcut = b.append(Op::batch_norm, {b.conv(quantized(0))});
  b.append(Op::activation, {b.append(Op::add, {main, shortcut})});
  b.last().activation = Activation::relu;
  return b.graph;
}

void quantizers() {
  const Graph graph = quantized_block();
  const std::vector<FusionStep> steps = plan_steps(graph, Fusion::blocks);
  check(steps.size() == 2 && steps[0].node == nullptr && steps[1].node == nullptr,
        "a quantized block and its shortcut are one step each");
  const std::vector<FusedUnit>& units = steps[1].block.parts[0].units;
  check(units.size() == 2 && units[0].quantizer == &graph.nodes[0] && units[1].quantizer == &graph.nodes[4],
        "units know their quantizers");
  check(steps[1].inputs[0] == 0 && steps[0].inputs[0] == 0, "they read what the quantizers read");

  Builder shared;
  const int32_t levels = shared.append(Op::fake_quantize, {0});
  shared.append(Op::add, {shared.unit(levels), shared.unit(levels)});
  check(steps_of(shared.graph) == 3, "a quantizer that two convolutions read stays as it is");
}

// For a card a BatchNorm takes the activation behind it along, where nothing else reads its value.
void norms() {
  Builder b;
  const int32_t normed = b.append(Op::batch_norm, {b.conv(b.unit(0))});
  b.append(Op::add, {b.append(Op::activation, {normed}), normed});
  const std::vector<FusionStep> steps = plan_steps(b.graph, Fusion::norms);
  check(steps.size() == b.graph.nodes.size() - 1, "one of two activations is taken along");
  const FusedUnit& unit = steps[1].block.parts[0].units[0];
  check(steps[1].node == nullptr && unit.conv == nullptr && unit.norm == &b.graph.nodes[1] &&
            unit.activation == &b.graph.nodes[2] && steps[1].output == 3,
        "a BatchNorm and the activation behind it are one step");
}

}  // namespace

int main() {
  norms();
  groups_and_shuffles();
  quantizers();
  whole_chains();
  left_alone();
  biased_units();
}
