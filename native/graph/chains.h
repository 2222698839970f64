// The chains of an op graph: units in a row, with the gates and shuffles between them. The block compiler
// (graph/fusion.h, which says what a unit is) takes in what stands around them.
#pragma once

#include <vector>

#include "graph/fusion.h"

namespace singlepath {

// A chain found: its units, and the values it starts from and ends in.
struct FoundChain {
  std::vector<FusedUnit> units;
  int32_t input = 0;
  int32_t output = 0;
};

// A graph's values by number, as in Node, and who uses them.
class GraphValues {
 public:
  explicit GraphValues(const std::vector<Node>& nodes);

  const std::vector<Node>& nodes() const { return nodes_; }
  // Indices of nodes; -1: the caller.
  const std::vector<int32_t>& users(int32_t value) const { return users_[value]; }
  // The one node that uses the value, if it is of this op; else -1.
  int32_t only_user(int32_t value, Op op) const;
  const Node* producer(int32_t value) const { return value == 0 ? nullptr : &nodes_[value - 1]; }
  int32_t value_of(const Node& node) const { return static_cast<int32_t>(&node - nodes_.data()) + 1; }

 private:
  const std::vector<Node>& nodes_;
  std::vector<std::vector<int32_t>> users_;
};

// Whether this is a 1x1 convolution of stride 1 over all channels.
bool pointwise(const Node& node);

// The activation that alone reads this value, of which `end` becomes the value; null when there is none.
const Node* activation_behind(const GraphValues& values, int32_t& end);

// The unit that starts with this convolution; `end` becomes its value. False when there is none.
bool unit_at(const GraphValues& values, int32_t conv, FusedUnit& unit, int32_t& end);

// In the order of their first units.
std::vector<FoundChain> find_chains(const GraphValues& values);

}  // namespace singlepath
