#include "graph/chains.h"

namespace singlepath {
namespace {

// Grouped 1x1 convolutions are computed over all channels, with zeros between the groups.
constexpr int64_t kMostGroups = 2;

bool fusable(const Node& node) {
  return node.op == Op::conv2d && !node.bias && node.kernel % 2 == 1 && node.padding == node.kernel / 2 &&
         (node.depthwise || node.groups == 1 || (node.kernel == 1 && node.groups <= kMostGroups));
}

// The channel shuffle that alone reads this unit's value, which the unit can do itself; null when there is
// none.
const Node* shuffle_behind(const GraphValues& values, int32_t value, const FusedUnit& unit) {
  const int32_t shuffle = unit.conv->depthwise ? -1 : values.only_user(value, Op::channel_shuffle);
  return shuffle < 0 ? nullptr : &values.nodes()[shuffle];
}

// The quantizer whose results this convolution alone reads; null when there is none.
const Node* quantizer_before(const GraphValues& values, int32_t conv) {
  const int32_t value = values.nodes()[conv].inputs[0];
  const Node* producer = values.producer(value);
  const bool own = producer != nullptr && producer->op == Op::fake_quantize;
  return own && values.users(value).size() == 1 ? producer : nullptr;
}

// The convolution that alone reads this value, as it is or quantized; -1 when there is none.
int32_t conv_behind(const GraphValues& values, int32_t value) {
  const int32_t quantizer = values.only_user(value, Op::fake_quantize);
  return values.only_user(quantizer < 0 ? value : quantizer + 1, Op::conv2d);
}

// The 1x1 convolution that alone reads this value times a gate on it, whose units are added; -1 when there
// is no such gate.
int32_t behind_gate(const GraphValues& values, int32_t value, std::vector<FusedUnit>& units,
                    std::vector<bool>& taken) {
  const std::vector<Node>& nodes = values.nodes();
  const std::vector<int32_t>& users = values.users(value);
  if (users.size() != 2 || users[1] < 0) return -1;
  const Node &pool = nodes[users[0]], &product = nodes[users[1]];
  if (pool.op != Op::adaptive_average_pool || pool.size != 1) return -1;
  if (product.op != Op::multiply || product.inputs.size() != 2) return -1;
  std::vector<FusedUnit> gate;
  int32_t end = values.value_of(pool);
  for (int32_t conv = values.only_user(end, Op::conv2d); conv >= 0;
       conv = values.only_user(end, Op::conv2d)) {
    const Node& node = nodes[conv];
    if (!pointwise(node)) return -1;
    end = conv + 1;
    gate.push_back({&node, nullptr, activation_behind(values, end), true});
  }
  const int32_t next = values.only_user(values.value_of(product), Op::conv2d);
  FusedUnit unit;
  int32_t last = 0;
  if (gate.empty() || values.only_user(end, Op::multiply) != users[1] || next < 0) return -1;
  if (!pointwise(nodes[next]) || !unit_at(values, next, unit, last)) return -1;
  for (const FusedUnit& own : gate) {
    taken[own.conv - nodes.data()] = true;
    units.push_back(own);
  }
  return next;
}

}  // namespace

GraphValues::GraphValues(const std::vector<Node>& nodes) : nodes_(nodes), users_(nodes.size() + 1) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const int32_t value : nodes[i].inputs) users_[value].push_back(static_cast<int32_t>(i));
  }
  users_[nodes.size()].push_back(-1);
}

int32_t GraphValues::only_user(int32_t value, Op op) const {
  const std::vector<int32_t>& users = users_[value];
  return users.size() == 1 && users[0] >= 0 && nodes_[users[0]].op == op ? users[0] : -1;
}

bool pointwise(const Node& node) {
  return node.op == Op::conv2d && node.kernel == 1 && node.stride == 1 && node.padding == 0 &&
         node.groups == 1 && !node.depthwise;
}

const Node* activation_behind(const GraphValues& values, int32_t& end) {
  const int32_t activation = values.only_user(end, Op::activation);
  if (activation < 0) return nullptr;
  end = activation + 1;
  return &values.nodes()[activation];
}

bool unit_at(const GraphValues& values, int32_t conv, FusedUnit& unit, int32_t& end) {
  const Node& node = values.nodes()[conv];
  const int32_t norm = values.only_user(conv + 1, Op::batch_norm);
  if (norm >= 0 ? !fusable(node) : !(node.bias && pointwise(node))) return false;
  unit = {&node, norm < 0 ? nullptr : &values.nodes()[norm], nullptr};
  end = (norm < 0 ? conv : norm) + 1;
  unit.activation = activation_behind(values, end);
  return true;
}

std::vector<FoundChain> find_chains(const GraphValues& values) {
  const std::vector<Node>& nodes = values.nodes();
  std::vector<FoundChain> chains;
  std::vector<bool> taken(nodes.size(), false);
  for (size_t i = 0; i < nodes.size(); ++i) {
    FoundChain chain;
    FusedUnit unit;
    const Node* shuffle = nullptr;  // in front of `conv`
    for (int32_t conv = static_cast<int32_t>(i);
         conv >= 0 && !taken[conv] && unit_at(values, conv, unit, chain.output);) {
      if (shuffle != nullptr) chain.units.back().shuffle = shuffle;
      taken[conv] = true;
      unit.quantizer = quantizer_before(values, conv);
      chain.units.push_back(unit);
      shuffle = shuffle_behind(values, chain.output, unit);
      conv = shuffle ? values.only_user(values.value_of(*shuffle), Op::conv2d)
                     : conv_behind(values, chain.output);
      if (conv < 0 && shuffle == nullptr) conv = behind_gate(values, chain.output, chain.units, taken);
    }
    if (chain.units.empty()) continue;
    const FusedUnit& first = chain.units.front();
    chain.input = (first.quantizer ? first.quantizer : first.conv)->inputs[0];
    chains.push_back(std::move(chain));
  }
  return chains;
}

}  // namespace singlepath
