#include "graph/fusion.h"

#include <algorithm>

namespace singlepath {
namespace {

// Grouped 1x1 convolutions are computed over all channels, with zeros between the groups.
constexpr int64_t kMostGroups = 2;

// A chain found: its units, and the values it starts from and ends in.
struct Run {
  std::vector<FusedUnit> units;
  int32_t input = 0;
  int32_t output = 0;
};

class Finder {
 public:
  explicit Finder(const Graph& graph)
      : nodes_(graph.nodes), users_(nodes_.size() + 1), covered_(nodes_.size() + 1, false) {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      for (const int32_t value : nodes_[i].inputs) users_[value].push_back(static_cast<int32_t>(i));
    }
    users_[nodes_.size()].push_back(-1);  // the caller
  }

  std::vector<FusionStep> steps() {
    find_runs();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].op == Op::concat) try_concat(static_cast<int32_t>(i));
      if (nodes_[i].op == Op::add) try_add(static_cast<int32_t>(i));
      if (nodes_[i].op == Op::adaptive_average_pool) try_pool(static_cast<int32_t>(i));
    }
    for (Run& run : runs_) {
      if (run.units.empty()) continue;  // part of a block already
      FusionStep step = begin(run);
      step.output = run.output;
      finish(std::move(step));
    }
    return with_other_nodes();
  }

  std::vector<FusionStep> pointwise_steps() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node& conv = nodes_[i];
      FusedUnit unit;
      FusionStep step;
      if (!pointwise(conv)) continue;
      if (!unit_at(static_cast<int32_t>(i), unit, step.output) || unit.norm == nullptr) continue;
      if (unit.activation != nullptr && unit.activation->activation != Activation::relu) {
        unit.activation = nullptr;
        step.output = value_of(*unit.norm);
      }
      step.inputs = conv.inputs;
      step.block.parts = {{nullptr, {unit}}};
      cover_nodes(unit);
      finish(std::move(step));
    }
    return with_other_nodes();
  }

 private:
  // The one node that uses the value, if it is of this op; else -1.
  int32_t only_user(int32_t value, Op op) const {
    const std::vector<int32_t>& users = users_[value];
    return users.size() == 1 && users[0] >= 0 && nodes_[users[0]].op == op ? users[0] : -1;
  }
  const Node* producer(int32_t value) const { return value == 0 ? nullptr : &nodes_[value - 1]; }
  int32_t value_of(const Node& node) const { return static_cast<int32_t>(&node - nodes_.data()) + 1; }
  void cover(int32_t value) { covered_[value] = true; }
  // A unit, and what it reads, which a chain's first unit leaves to others.
  void cover_nodes(const FusedUnit& unit, bool first = true) {
    if (!first) cover(unit.conv->inputs[0]);
    for (const Node* node : {unit.conv, unit.norm, unit.activation}) {
      if (node != nullptr) cover(value_of(*node));
    }
  }

  std::vector<FusionStep> with_other_nodes() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!covered_[i + 1]) finish({&nodes_[i], {}, nodes_[i].inputs, static_cast<int32_t>(i + 1)});
    }
    std::sort(steps_.begin(), steps_.end(),
              [](const FusionStep& a, const FusionStep& b) { return a.output < b.output; });
    return std::move(steps_);
  }

  static bool fusable(const Node& node) {
    return node.op == Op::conv2d && !node.bias && node.kernel % 2 == 1 && node.padding == node.kernel / 2 &&
           (node.depthwise || node.groups == 1 || (node.kernel == 1 && node.groups <= kMostGroups));
  }

  static bool pointwise(const Node& node) {
    return node.op == Op::conv2d && node.kernel == 1 && node.stride == 1 && node.padding == 0 &&
           node.groups == 1 && !node.depthwise;
  }

  // The activation that alone reads this value, of which `end` becomes the value; null when there is none.
  const Node* activation_behind(int32_t& end) const {
    const int32_t activation = only_user(end, Op::activation);
    if (activation < 0) return nullptr;
    end = activation + 1;
    return &nodes_[activation];
  }

  // The unit that starts with this convolution; `end` becomes its value. False when there is none.
  bool unit_at(int32_t conv, FusedUnit& unit, int32_t& end) const {
    const Node& node = nodes_[conv];
    const int32_t norm = only_user(conv + 1, Op::batch_norm);
    if (norm >= 0 ? !fusable(node) : !(node.bias && pointwise(node))) return false;
    unit = {&node, norm < 0 ? nullptr : &nodes_[norm], nullptr};
    end = (norm < 0 ? conv : norm) + 1;
    unit.activation = activation_behind(end);
    return true;
  }

  // The convolution of the unit that alone reads this value with its channels shuffled, which the unit that
  // makes it then does; -1 when there is none. No other chain can come to that unit.
  int32_t behind_shuffle(int32_t value, FusedUnit& maker) const {
    const int32_t shuffle = only_user(value, Op::channel_shuffle);
    const int32_t next = shuffle < 0 ? -1 : only_user(shuffle + 1, Op::conv2d);
    FusedUnit unit;
    int32_t end = 0;
    if (next < 0 || maker.conv->depthwise || !unit_at(next, unit, end)) return -1;
    maker.shuffle = &nodes_[shuffle];
    return next;
  }

  // The 1x1 convolution that alone reads this value times a gate on it, whose units are added; -1 when there
  // is no such gate.
  int32_t behind_gate(int32_t value, std::vector<FusedUnit>& units, std::vector<bool>& taken) const {
    const std::vector<int32_t>& users = users_[value];
    if (users.size() != 2 || users[1] < 0) return -1;
    const Node &pool = nodes_[users[0]], &product = nodes_[users[1]];
    if (pool.op != Op::adaptive_average_pool || pool.size != 1) return -1;
    if (product.op != Op::multiply || product.inputs.size() != 2) return -1;
    std::vector<FusedUnit> gate;
    int32_t end = value_of(pool);
    for (int32_t conv = only_user(end, Op::conv2d); conv >= 0; conv = only_user(end, Op::conv2d)) {
      const Node& node = nodes_[conv];
      if (!pointwise(node)) return -1;
      end = conv + 1;
      gate.push_back({&node, nullptr, activation_behind(end), true});
    }
    const int32_t next = only_user(value_of(product), Op::conv2d);
    FusedUnit unit;
    int32_t last = 0;
    if (gate.empty() || only_user(end, Op::multiply) != users[1] || next < 0) return -1;
    if (!pointwise(nodes_[next]) || !unit_at(next, unit, last)) return -1;
    for (const FusedUnit& own : gate) {
      taken[own.conv - nodes_.data()] = true;
      units.push_back(own);
    }
    return next;
  }

  void find_runs() {
    std::vector<bool> taken(nodes_.size(), false);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Run run;
      run.input = nodes_[i].inputs.empty() ? 0 : nodes_[i].inputs[0];
      FusedUnit unit;
      for (int32_t conv = static_cast<int32_t>(i);
           conv >= 0 && !taken[conv] && unit_at(conv, unit, run.output);) {
        taken[conv] = true;
        run.units.push_back(unit);
        conv = only_user(run.output, Op::conv2d);
        if (conv < 0) conv = behind_shuffle(run.output, run.units.back());
        if (conv < 0) conv = behind_gate(run.output, run.units, taken);
      }
      if (!run.units.empty()) runs_.push_back(std::move(run));
    }
  }

  Run* run_ending_in(int32_t value) {
    for (Run& run : runs_) {
      if (!run.units.empty() && run.output == value) return &run;
    }
    return nullptr;
  }

  // The slice or split that makes this value for one user only; null when it is something else.
  const Node* taken_from(int32_t value) const {
    const Node* node = producer(value);
    const bool takes =
        node != nullptr && (node->op == Op::split || (node->op == Op::slice && node->step > 0));
    return takes && users_[value].size() == 1 ? node : nullptr;
  }

  // A part made of a run; `input` becomes the value the whole block reads.
  FusedPart part_of(const Run& run, int32_t& input) const {
    const Node* take = taken_from(run.input);
    input = take != nullptr ? take->inputs[0] : run.input;
    return {take, run.units};
  }

  void use(Run& run) {
    for (const FusedUnit& unit : run.units) cover_nodes(unit, &unit == run.units.data());
    if (taken_from(run.input) != nullptr) cover(run.input);
    run.units.clear();
  }

  FusionStep begin(Run& run) {
    FusionStep step;
    int32_t input = 0;
    step.block.parts.push_back(part_of(run, input));
    step.inputs = {input};
    use(run);
    return step;
  }

  void finish(FusionStep step) {
    cover(step.output);
    steps_.push_back(std::move(step));
  }

  // concat of chains and at most one slice, all of the same value.
  void try_concat(int32_t index) {
    FusionStep step;
    int32_t common = -1;
    int passed = 0;
    for (const int32_t value : nodes_[index].inputs) {
      int32_t input = -1;
      if (Run* run = run_ending_in(value); run != nullptr && users_[value].size() == 1) {
        step.block.parts.push_back(part_of(*run, input));
      } else if (const Node* take = taken_from(value)) {
        step.block.parts.push_back({take, {}});
        input = take->inputs[0];
        ++passed;
      }
      if (input < 0 || (common >= 0 && input != common)) return;
      common = input;
    }
    if (passed > 1 || passed == static_cast<int>(nodes_[index].inputs.size())) return;
    for (const int32_t value : nodes_[index].inputs) {
      if (Run* run = run_ending_in(value))
        use(*run);
      else
        cover(value);
    }
    step.inputs = {common};
    step.output = index + 1;
    finish(std::move(step));
  }

  // chain + anything, the longest chain taken in; an activation behind goes along if its slope follows from
  // its value.
  void try_add(int32_t index) {
    const std::vector<int32_t>& inputs = nodes_[index].inputs;
    if (inputs.size() != 2 || inputs[0] == inputs[1]) return;
    Run* best = nullptr;
    int32_t other = 0;
    for (size_t i = 0; i < 2; ++i) {
      Run* run = run_ending_in(inputs[i]);
      if (run == nullptr || users_[inputs[i]].size() != 1) continue;
      if (best != nullptr && best->units.size() >= run->units.size()) continue;
      best = run;
      other = inputs[1 - i];
    }
    if (best == nullptr) return;
    FusionStep step = begin(*best);
    step.block.residual = true;
    step.inputs.push_back(other);
    step.output = index + 1;
    const int32_t post = only_user(index + 1, Op::activation);
    if (post >= 0 && slope_follows_from_value(nodes_[post].activation)) {
      step.block.post = nodes_[post].activation;
      cover(index + 1);
      step.output = post + 1;
    }
    finish(std::move(step));
  }

  void try_pool(int32_t index) {
    if (nodes_[index].size != 1) return;
    Run* run = run_ending_in(nodes_[index].inputs[0]);
    if (run == nullptr || users_[run->output].size() != 1) return;
    FusionStep step = begin(*run);
    step.block.pooled = true;
    step.output = index + 1;
    finish(std::move(step));
  }

  const std::vector<Node>& nodes_;
  std::vector<std::vector<int32_t>> users_;  // of each value
  std::vector<Run> runs_;
  std::vector<bool> covered_;  // values made by a step, or inside one
  std::vector<FusionStep> steps_;
};

}  // namespace

std::vector<FusionStep> plan_steps(const Graph& graph, Fusion fusion) {
  if (fusion == Fusion::blocks) return Finder(graph).steps();
  if (fusion == Fusion::pointwise) return Finder(graph).pointwise_steps();
  std::vector<FusionStep> steps;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    steps.push_back({&graph.nodes[i], {}, graph.nodes[i].inputs, static_cast<int32_t>(i + 1)});
  }
  return steps;
}

}  // namespace singlepath
