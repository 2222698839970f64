// A condition that holds, or the end of the test program.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace singlepath {

inline void check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

}  // namespace singlepath
