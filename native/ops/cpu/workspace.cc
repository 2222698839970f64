#include "workspace.h"

#include <cstdlib>
#include <new>

namespace singlepath::cpu {

Workspace::~Workspace() {
  clear();
}

void* Workspace::grow(Buffer& buffer, std::size_t bytes) {
  if (bytes <= buffer.bytes) return buffer.data;
  std::free(buffer.data);
  buffer = {};
  const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
  buffer.data = std::aligned_alloc(4096, rounded);
  if (!buffer.data) throw std::bad_alloc();
  buffer.bytes = rounded;
  return buffer.data;
}

void Workspace::reserve_scratch(std::size_t floats) {
  scratch_.resize(pool_.threads());
  for (Buffer& buffer : scratch_) grow(buffer, floats * sizeof(float));
}

std::size_t Workspace::bytes() const {
  std::size_t total = 0;
  for (const Buffer& buffer : shared_) total += buffer.bytes;
  for (const Buffer& buffer : scratch_) total += buffer.bytes;
  return total;
}

void Workspace::clear() {
  for (Buffer& buffer : shared_) std::free(buffer.data), buffer = {};
  for (Buffer& buffer : scratch_) std::free(buffer.data), buffer = {};
  scratch_.clear();
}

}  // namespace singlepath::cpu
