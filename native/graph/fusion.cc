#include "graph/fusion.h"

#include <algorithm>

#include "graph/chains.h"

namespace singlepath {
namespace {

class Finder {
 public:
  explicit Finder(const Graph& graph)
      : nodes_(graph.nodes), values_(nodes_), covered_(nodes_.size() + 1, false) {}

  std::vector<FusionStep> steps() {
    chains_ = find_chains(values_);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].op == Op::concat) try_concat(static_cast<int32_t>(i));
      if (nodes_[i].op == Op::add) try_add(static_cast<int32_t>(i));
      if (nodes_[i].op == Op::adaptive_average_pool) try_pool(static_cast<int32_t>(i));
    }
    for (FoundChain& chain : chains_) {
      if (chain.units.empty()) continue;  // part of a block already
      FusionStep step = begin(chain);
      step.output = chain.output;
      finish(std::move(step));
    }
    return with_other_nodes();
  }

  // Each BatchNorm with the activation behind it; with `pointwise_units`, first those of such convolutions.
  std::vector<FusionStep> norm_steps(bool pointwise_units) {
    if (pointwise_units) find_pointwise_units();
    for (const Node& norm : nodes_) {
      if (norm.op != Op::batch_norm || covered_[values_.value_of(norm)]) continue;
      FusedUnit unit{nullptr, &norm, nullptr};
      int32_t end = values_.value_of(norm);
      unit.activation = activation_behind(values_, end);
      finish_unit(unit, norm.inputs, end);
    }
    return with_other_nodes();
  }

 private:
  void find_pointwise_units() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node& conv = nodes_[i];
      FusedUnit unit;
      int32_t end = 0;
      if (!pointwise(conv)) continue;
      if (!unit_at(values_, static_cast<int32_t>(i), unit, end) || unit.norm == nullptr) continue;
      if (unit.activation != nullptr && unit.activation->activation != Activation::relu) {
        unit.activation = nullptr;
        end = values_.value_of(*unit.norm);
      }
      finish_unit(unit, conv.inputs, end);
    }
  }

  // A block of this unit alone.
  void finish_unit(const FusedUnit& unit, const std::vector<int32_t>& inputs, int32_t output) {
    FusionStep step;
    step.inputs = inputs;
    step.output = output;
    step.block.parts = {{nullptr, {unit}}};
    cover_nodes(unit);
    finish(std::move(step));
  }

  void cover(int32_t value) { covered_[value] = true; }
  // A unit, and what it reads, which a chain's first unit leaves to others.
  void cover_nodes(const FusedUnit& unit, bool first = true) {
    if (!first) cover(unit.conv->inputs[0]);
    for (const Node* node : {unit.quantizer, unit.conv, unit.norm, unit.activation}) {
      if (node != nullptr) cover(values_.value_of(*node));
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

  FoundChain* chain_ending_in(int32_t value) {
    for (FoundChain& chain : chains_) {
      if (!chain.units.empty() && chain.output == value) return &chain;
    }
    return nullptr;
  }

  // The slice or split that makes this value for one user only; null when it is something else.
  const Node* taken_from(int32_t value) const {
    const Node* node = values_.producer(value);
    const bool takes =
        node != nullptr && (node->op == Op::split || (node->op == Op::slice && node->step > 0));
    return takes && values_.users(value).size() == 1 ? node : nullptr;
  }

  // A part made of a chain; `input` becomes the value the whole block reads.
  FusedPart part_of(const FoundChain& chain, int32_t& input) const {
    const Node* take = taken_from(chain.input);
    input = take != nullptr ? take->inputs[0] : chain.input;
    return {take, chain.units};
  }

  void use(FoundChain& chain) {
    for (const FusedUnit& unit : chain.units) cover_nodes(unit, &unit == chain.units.data());
    if (taken_from(chain.input) != nullptr) cover(chain.input);
    chain.units.clear();
  }

  FusionStep begin(FoundChain& chain) {
    FusionStep step;
    int32_t input = 0;
    step.block.parts.push_back(part_of(chain, input));
    step.inputs = {input};
    use(chain);
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
      if (FoundChain* chain = chain_ending_in(value); chain != nullptr && values_.users(value).size() == 1) {
        step.block.parts.push_back(part_of(*chain, input));
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
      if (FoundChain* chain = chain_ending_in(value))
        use(*chain);
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
    FoundChain* best = nullptr;
    int32_t other = 0;
    for (size_t i = 0; i < 2; ++i) {
      FoundChain* chain = chain_ending_in(inputs[i]);
      if (chain == nullptr || values_.users(inputs[i]).size() != 1) continue;
      if (best != nullptr && best->units.size() >= chain->units.size()) continue;
      best = chain;
      other = inputs[1 - i];
    }
    if (best == nullptr) return;
    FusionStep step = begin(*best);
    step.block.residual = true;
    step.inputs.push_back(other);
    step.output = index + 1;
    const int32_t post = values_.only_user(index + 1, Op::activation);
    if (post >= 0 && slope_follows_from_value(nodes_[post].activation)) {
      step.block.post = nodes_[post].activation;
      cover(index + 1);
      step.output = post + 1;
    }
    finish(std::move(step));
  }

  void try_pool(int32_t index) {
    if (nodes_[index].size != 1) return;
    FoundChain* chain = chain_ending_in(nodes_[index].inputs[0]);
    if (chain == nullptr || values_.users(chain->output).size() != 1) return;
    FusionStep step = begin(*chain);
    step.block.pooled = true;
    step.output = index + 1;
    finish(std::move(step));
  }

  const std::vector<Node>& nodes_;
  const GraphValues values_;
  std::vector<FoundChain> chains_;
  std::vector<bool> covered_;  // values made by a step, or inside one
  std::vector<FusionStep> steps_;
};

}  // namespace

std::vector<FusionStep> plan_steps(const Graph& graph, Fusion fusion) {
  if (fusion == Fusion::blocks) return Finder(graph).steps();
  if (fusion != Fusion::none) return Finder(graph).norm_steps(fusion == Fusion::pointwise);
  std::vector<FusionStep> steps;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    steps.push_back({&graph.nodes[i], {}, graph.nodes[i].inputs, static_cast<int32_t>(i + 1)});
  }
  return steps;
}

}  // namespace singlepath
