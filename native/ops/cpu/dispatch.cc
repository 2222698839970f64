#include <atomic>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels.h"
#include "tap_kernels.h"
#include "winograd_kernels.h"

namespace singlepath::cpu {

#if defined(__x86_64__)
namespace avx512dot {
extern const Kernels table;
extern const TapKernels taps;
extern const WinogradKernels winograd;
}  // namespace avx512dot
namespace avx512bf16 {
extern const Kernels table;
extern const TapKernels taps;
extern const WinogradKernels winograd;
}  // namespace avx512bf16
namespace avx512 {
extern const Kernels table;
extern const TapKernels taps;
extern const WinogradKernels winograd;
}  // namespace avx512
namespace avx2 {
extern const Kernels table;
extern const TapKernels taps;
extern const WinogradKernels winograd;
}  // namespace avx2
#endif
namespace portable {
extern const Kernels table;
extern const TapKernels taps;
extern const WinogradKernels winograd;
}  // namespace portable

namespace {

struct Set {
  const Kernels* table;
  const TapKernels* taps;
  const WinogradKernels* winograd;
  bool supported;
};

// Best first.
const Set* sets() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  static const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                             __builtin_cpu_supports("avx512dq");
  static const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  // vdpbf16ps does twice the arithmetic of fp32 on AMD (measured on Zen 4) and half of it on Intel (measured
  // on a Xeon): there avx512dot is only taken by name.
  static const bool fast_pairs = __builtin_cpu_is("amd");
  static const Set pairs = {&avx512dot::table, &avx512dot::taps, &avx512dot::winograd, bf16};
  static const Set halves = {&avx512bf16::table, &avx512bf16::taps, &avx512bf16::winograd, bf16};
  static const Set all[] = {
      fast_pairs ? pairs : halves,
      fast_pairs ? halves : pairs,
      {&avx512::table, &avx512::taps, &avx512::winograd, avx512},
      {&avx2::table, &avx2::taps, &avx2::winograd, avx2},
      {&portable::table, &portable::taps, &portable::winograd, true},
      {nullptr, nullptr, nullptr, false},
  };
#else
  static const Set all[] = {{&portable::table, &portable::taps, &portable::winograd, true},
                            {nullptr, nullptr, nullptr, false}};
#endif
  return all;
}

std::atomic<const Set*> chosen{nullptr};  // asked for by the engine thread and by doctor

const Set& choose(const char* name) {
  if (name && !*name) name = nullptr;
  std::string known;
  for (const Set* set = sets(); set->table; ++set) {
    if (!name) {
      if (set->supported) return *set;
      continue;
    }
    if (std::strcmp(name, set->table->name) == 0) {
      if (set->supported) return *set;
      throw std::runtime_error("expected an instruction set this CPU supports but SINGLEPATH_ISA is \"" +
                               std::string(name) + "\"; best here: " + choose(nullptr).table->name);
    }
    known += known.empty() ? set->table->name : std::string(", ") + set->table->name;
  }
  throw std::runtime_error("expected SINGLEPATH_ISA to be one of " + known + " but received \"" + name +
                           "\"");
}

const Set& chosen_set() {
  if (!chosen) chosen = &choose(std::getenv("SINGLEPATH_ISA"));
  return *chosen;
}

}  // namespace

const Kernels& kernels() {
  return *chosen_set().table;
}

const TapKernels& tap_kernels() {
  return *chosen_set().taps;
}

const WinogradKernels& winograd_kernels() {
  return *chosen_set().winograd;
}

const Kernels& select_kernels(const char* name) {
  chosen = &choose(name ? name : std::getenv("SINGLEPATH_ISA"));
  return kernels();
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
