#include "evaluate/trie.h"

namespace singlepath {

Trie::Trie(const NetworkDescription& network, const std::vector<Architecture>& candidates, bool share) {
  std::map<std::vector<int32_t>, std::unique_ptr<TrieNode>> heads;
  for (size_t candidate = 0; candidate < candidates.size(); ++candidate) {
    const Architecture& architecture = candidates[candidate];
    auto* siblings = &heads;
    TrieNode* node = nullptr;
    for (size_t i = 0; i < network.layers.size(); ++i) {
      std::vector<int32_t> key;
      // Without sharing the candidate's number keeps the chains apart from the first layer on.
      if (!share && i == 0) key.push_back(static_cast<int32_t>(candidate));
      for (const int32_t gene : network.layers[i].genes) key.push_back(architecture[gene]);
      auto& slot = (*siblings)[key];
      if (!slot) {
        slot = std::make_unique<TrieNode>();
        slot->layer = &network.layers[i];
        slot->architecture = architecture;
        ++nodes;
      }
      node = slot.get();
      siblings = &node->children;
    }
    node->candidates.push_back(candidate);
  }
  for (auto& [key, head] : heads) roots.push_back(std::move(head));
}

}  // namespace singlepath
