// What the machine can do: the roofline kernels are measured against.
#pragma once

#include <vector>

#include "../types.h"
#include "../workspace.h"

namespace singlepath::cpu {

struct Machine {
  double float32_flops = 0, bfloat16_flops = 0;  // of a matrix product in cache, a second
  struct Stream {
    double bytes, bandwidth;  // read and written together, a second
  };
  std::vector<Stream> streams;  // by size

  double flops(Storage storage) const { return storage == Storage::float32 ? float32_flops : bfloat16_flops; }
  // Least seconds for so many operations, and so many bytes moved within `working_set` bytes.
  double roofline(Storage storage, double operations, double moved, double working_set) const;
};

Machine measure_machine(Workspace& workspace);
void print(const Machine& machine);

}  // namespace singlepath::cpu
