// A population as a trie: one node per (layer, what that layer's genes are, everything before it). Common
// prefixes of candidates are one chain of nodes, so they run once.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "weights/layer_statistics.h"

namespace singlepath {

struct TrieNode {
  const Layer* layer = nullptr;
  Architecture architecture;  // of any candidate below: the genes up to this layer are common to all
  StatisticsMap statistics;   // of this layer's BatchNorms after this prefix
  LayerStatistics row;        // the same, on a card
  std::map<std::vector<int32_t>, std::unique_ptr<TrieNode>> children;  // by the genes of the next layer
  std::vector<size_t> candidates;                                      // that end here
};

// With `share` false every candidate gets a chain of its own.
struct Trie {
  Trie(const NetworkDescription& network, const std::vector<Architecture>& candidates, bool share);

  std::vector<std::unique_ptr<TrieNode>> roots;
  int64_t nodes = 0;
};

}  // namespace singlepath
