#pragma once

#include "ops/cpu/workspace.h"

namespace singlepath {

// Scratch memory and threads of the CPU kernels, one for each engine thread; follows at::get_num_threads().
cpu::Workspace& engine_workspace();

}  // namespace singlepath
