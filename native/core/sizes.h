// Products of sizes that come from outside: a product that wraps would pass for a small one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"

namespace singlepath {

// Far beyond any memory, and small enough that bytes of any element still fit.
constexpr int64_t kMostElements = int64_t{1} << 47;

// The product of `sizes`. INVALID_ARGUMENT, naming `what`, where one is negative or the product is no number
// of elements that could exist.
inline int64_t checked_product(const std::vector<int64_t>& sizes, const std::string& what) {
  int64_t product = 1;
  bool fits = true, empty = false;
  for (const int64_t size : sizes) {
    fits = fits && size >= 0;
    empty = empty || size == 0;
  }
  for (const int64_t size : sizes) {
    fits = fits && (empty || (!__builtin_mul_overflow(product, size, &product) && product <= kMostElements));
  }
  if (fits) return empty ? 0 : product;
  std::string shape;
  for (const int64_t size : sizes) shape += (shape.empty() ? "" : " x ") + std::to_string(size);
  throw Error("INVALID_ARGUMENT", "Expected at most 2^47 elements for " + what + " but received " + shape);
}

}  // namespace singlepath
