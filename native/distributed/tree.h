#pragma once

#include <vector>

namespace singlepath {

// The sum of neighbours, again and again: (0 + 1) + (2 + 3). In this order everywhere, so that a sum does not
// depend on who adds it up.
template <class Value>
Value tree_of(std::vector<Value> parts) {
  while (parts.size() > 1) {
    std::vector<Value> sums;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) sums.push_back(parts[i] + parts[i + 1]);
    if (parts.size() % 2 == 1) sums.push_back(parts.back());
    parts = std::move(sums);
  }
  return parts.front();
}

}  // namespace singlepath
