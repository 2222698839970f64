#include <atomic>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels.h"
#include "level_kernels.h"

namespace singlepath::cpu {

#if defined(__x86_64__)
namespace avx512dot {
extern const Kernels table;
}
namespace avx512bf16 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
#endif
namespace portable {
extern const Kernels table;
}

namespace {

struct Set {
  const Kernels* table;
  bool supported;
};

#if defined(__x86_64__)
// Processors with and without products of 8-bit integers compute different bits: two sets, of the same
// kernels otherwise.
Kernels named(Kernels kernels, const char* name, const LevelKernels* levels) {
  kernels.name = name;
  kernels.levels = levels;
  return kernels;
}
#endif

// Best first.
const Set* sets() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  static const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                             __builtin_cpu_supports("avx512dq");
  static const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  static const bool bf16 = vnni && __builtin_cpu_supports("avx512bf16");
  static const Kernels with_levels = named(avx512::table, "avx512vnni", avx512::table.levels);
  static const Kernels without_levels = named(avx512::table, "avx512", nullptr);
  // vdpbf16ps does twice the arithmetic of fp32 on AMD (measured on Zen 4) and half of it on Intel (measured
  // on a Xeon): there avx512dot is only taken by name.
  static const bool fast_pairs = __builtin_cpu_is("amd");
  static const Set all[] = {
      {fast_pairs ? &avx512dot::table : &avx512bf16::table, bf16},
      {fast_pairs ? &avx512bf16::table : &avx512dot::table, bf16},
      {&with_levels, vnni},
      {&without_levels, avx512},
      {&avx2::table, avx2},
      {&portable::table, true},
      {nullptr, false},
  };
#else
  static const Set all[] = {{&portable::table, true}, {nullptr, false}};
#endif
  return all;
}

std::atomic<const Kernels*> chosen{nullptr};  // asked for by the engine thread and by doctor

const Kernels& choose(const char* name) {
  if (name && !*name) name = nullptr;
  std::string known;
  for (const Set* set = sets(); set->table; ++set) {
    if (!name) {
      if (set->supported) return *set->table;
      continue;
    }
    if (std::strcmp(name, set->table->name) == 0) {
      if (set->supported) return *set->table;
      throw std::runtime_error("expected an instruction set this CPU supports but SINGLEPATH_ISA is \"" +
                               std::string(name) + "\"; best here: " + choose(nullptr).name);
    }
    known += known.empty() ? set->table->name : std::string(", ") + set->table->name;
  }
  throw std::runtime_error("expected SINGLEPATH_ISA to be one of " + known + " but received \"" + name +
                           "\"");
}

}  // namespace

const Kernels& kernels() {
  if (!chosen) chosen = &choose(std::getenv("SINGLEPATH_ISA"));
  return *chosen;
}

const Kernels& select_kernels(const char* name) {
  chosen = &choose(name ? name : std::getenv("SINGLEPATH_ISA"));
  return *chosen;
}

const LevelKernels* level_kernels() {
  return kernels().levels;
}

const char* const* available_isas() {
  static const char* names[8] = {};
  if (!names[0]) {
    int n = 0;
    for (const Set* set = sets(); set->table; ++set)
      if (set->supported) names[n++] = set->table->name;
  }
  return names;
}

const char* isa_name() {
  return kernels().name;
}

}  // namespace singlepath::cpu
