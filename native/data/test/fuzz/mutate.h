// Deterministic damage to a file.
#pragma once

#include "core/rng.h"
#include "data/test/fuzz/target.h"

namespace singlepath {

// One of `seeds` with one to a few changes: bits and bytes, numbers at the edge of their range, parts cut
// out, doubled, moved or taken from another seed, the end cut off.
Bytes mutate(const std::vector<Bytes>& seeds, RandomStream& random);

}  // namespace singlepath
