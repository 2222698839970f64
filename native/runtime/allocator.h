// CPU tensors live in the arena (core/arena.h). glibc maps and unmaps every large block, and page faults are
// dear: relu on a 51 MB tensor took 85-300 ms with fresh memory and 1.5-3 ms with reused blocks (measured).
#pragma once

namespace singlepath {

// Makes libtorch allocate CPU tensors there; idempotent, process wide.
void install_arena_allocator();

}  // namespace singlepath
