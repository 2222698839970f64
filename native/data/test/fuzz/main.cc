// fuzz TARGET COUNT [SEED [FIRST]]: damages valid files COUNT times and reads them. Built with the address
// and undefined behaviour sanitizers by test/native/fuzz.test.ts; a crash names the input that repeats it.
//   fuzz tar 1000000        a million inputs
//   fuzz tar 1 0 4711       input 4711 of seed 0 again
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "core/error.h"
#include "core/rng.h"
#include "data/test/fuzz/mutate.h"
#include "data/test/fuzz/target.h"

using namespace singlepath;

namespace {

struct Counts {
  uint64_t read = 0, refused = 0;
};

void run_one(const FuzzTarget& target, const Bytes& input, Counts& counts) {
  try {
    target.run(input);
    counts.read++;
  } catch (const Error& error) {
    if (error.code != "INVALID_DATASET" && error.code != "IO") throw;
    counts.refused++;
  }
}

int run(const FuzzTarget& target, uint64_t count, uint64_t seed, uint64_t first) {
  const auto seeds = target.seeds();
  Counts whole, damaged;
  for (const auto& input : seeds) run_one(target, input, whole);
  if (whole.refused > 0) {
    std::fprintf(stderr, "%s: an undamaged input was refused\n", target.name.c_str());
    return 1;
  }
  for (uint64_t number = first; number < first + count; number++) {
    RandomStream random(seed, Purpose::test, number);
    Bytes input = mutate(seeds, random);
    if (target.repair && random.integer(4) != 0) target.repair(input);
    // What a sanitizer's report lacks is printed before it is needed: it ends the process on the spot.
    if (std::getenv("FUZZ_VERBOSE"))
      std::fprintf(stderr, "%s %llu\n", target.name.c_str(), (unsigned long long)number);
    try {
      run_one(target, input, damaged);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: input %llu of seed %llu threw: %s\n", target.name.c_str(),
                   (unsigned long long)number, (unsigned long long)seed, error.what());
      return 1;
    }
  }
  std::printf("%s: %llu inputs, %llu read, %llu refused\n", target.name.c_str(), (unsigned long long)count,
              (unsigned long long)damaged.read, (unsigned long long)damaged.refused);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "";
  const auto number = [&](int at, uint64_t otherwise) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  int worst = wanted.empty() ? 2 : 0, known = 0;
  for (const auto& target : fuzz_targets()) {
    if (wanted != "all" && wanted != target.name) continue;
    known++;
    if (run(target, number(2, 1000), number(3, 0), number(4, 0)) != 0) worst = 1;
  }
  if (known == 0) {
    std::fprintf(stderr, "usage: fuzz all|TARGET COUNT [SEED [FIRST]]; targets:");
    for (const auto& target : fuzz_targets()) std::fprintf(stderr, " %s", target.name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  return worst;
}
