// Random traffic on an arena: no two blocks overlap, contents stay, and everything freed is one block again.
// test/native/programs.test.ts builds and runs it.
#include "core/arena.h"

#include <cstring>
#include <random>
#include <vector>

#include "core/test/check.h"

using namespace singlepath;

namespace {

constexpr size_t kRegion = size_t{64} << 20;

struct Block {
  unsigned char* data;
  size_t size;
  unsigned char mark;

  bool intact() const {
    for (size_t i = 0; i < size; i += 511) {
      if (data[i] != mark) return false;
    }
    return data[size - 1] == mark;
  }
};

Block take(Arena& arena, size_t bytes, unsigned char mark) {
  Block block{nullptr, 0, mark};
  block.data = static_cast<unsigned char*>(arena.take(bytes, &block.size));
  check(block.size >= bytes, "a block is as large as asked for");
  check(reinterpret_cast<size_t>(block.data) % Arena::kGranule == 0, "a block starts at a granule");
  std::memset(block.data, mark, block.size);
  return block;
}

void random_traffic() {
  Arena arena(kRegion);
  std::mt19937 random(7);
  std::vector<Block> blocks;
  int64_t used = 0;
  for (int i = 0; i < 20000; ++i) {
    if (blocks.empty() || (blocks.size() < 60 && random() % 2 == 0)) {
      blocks.push_back(take(arena, 1 + random() % (1 << (8 + random() % 11)), static_cast<unsigned char>(i)));
      used += static_cast<int64_t>(blocks.back().size);
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      check(blocks.back().intact(), "contents stay while blocks come and go");
      used -= static_cast<int64_t>(blocks.back().size);
      arena.give_back(blocks.back().data, blocks.back().size);
      blocks.pop_back();
    }
    check(arena.statistics().used == used, "used is the sum of the blocks");
    if (i % 5000 == 4999) arena.release_pages();
  }
  for (const Block& block : blocks) {
    check(block.intact(), "contents stay when free pages are released");
    arena.give_back(block.data, block.size);
  }
  // Only one free block can be that large again without a second region.
  const Block whole = take(arena, kRegion - Arena::kGranule, 1);
  check(arena.statistics().used == static_cast<int64_t>(whole.size), "everything else was free");
  check(arena.statistics().peak <= static_cast<int64_t>(kRegion), "one region was enough");
}

void best_fit() {
  Arena arena(kRegion);
  const size_t unit = Arena::kGranule;
  const Block large = take(arena, 4 * unit, 1), wall = take(arena, unit, 2), small = take(arena, 2 * unit, 3);
  const Block end = take(arena, unit, 4);
  arena.give_back(large.data, large.size);
  arena.give_back(small.data, small.size);
  check(take(arena, 2 * unit, 5).data == small.data, "the smallest block that fits is taken");
  check(take(arena, unit, 6).data == large.data, "a larger one is split, its beginning first");
  check(arena.statistics().hits == 2 && arena.statistics().allocations == 6, "reuse is counted");
  check(arena.statistics().kept == static_cast<int64_t>(3 * unit), "the rest of the split block is kept");
  arena.release_pages();
  check(arena.statistics().kept == 0, "released pages are not kept");
  check(wall.intact() && end.intact(), "neighbours of released pages stay");
}

void larger_than_a_region() {
  Arena arena(kRegion);
  const Block block = take(arena, kRegion + 1, 1);
  arena.give_back(block.data, block.size);
  check(take(arena, kRegion + 1, 2).data == block.data, "a block larger than a region is used again");
}

}  // namespace

int main() {
  random_traffic();
  best_fit();
  larger_than_a_region();
  return 0;
}
