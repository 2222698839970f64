#pragma once

#include <cstddef>
#include <cstdint>

namespace singlepath {

// FNV-1a of 64 bits. `hash`: of what came before.
inline uint64_t fnv1a(const void* data, size_t size, uint64_t hash = 0xcbf29ce484222325ull) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3ull;
  return hash;
}

}  // namespace singlepath
