// CRC-32C (Castagnoli), the checksum of packed files: RFC 3720, appendix B.4.
#pragma once

#include <cstddef>
#include <cstdint>

namespace singlepath {

// Of `size` bytes, continuing from the checksum `before` of those that came earlier.
uint32_t crc32c(const void* data, size_t size, uint32_t before = 0);

}  // namespace singlepath
