#include "workspace.h"

namespace singlepath::cpu {

void* Workspace::grow(ArenaBlock& block, std::size_t bytes) {
  if (bytes > block.size()) {
    block = ArenaBlock();  // before the larger one is taken
    block = ArenaBlock(bytes);
  }
  return block.data();
}

void Workspace::reserve_scratch(std::size_t floats) {
  scratch_.resize(pool_.threads());
  for (ArenaBlock& block : scratch_) grow(block, floats * sizeof(float));
}

}  // namespace singlepath::cpu
