// The layout of a packed file (.spk), little-endian:
//
//   PackedHeader
//   bytes of the images, one after another
//   PackedEntry for each image
//   names
//   classes
//   notes
//
// Names lie one after another; entries say where. Classes are a uint32 count, then a uint32 length and the
// bytes of each. Notes are JSON for people and `singlepath data info`: how it was packed, and from what.
#pragma once

#include <cstdint>
#include <type_traits>

namespace singlepath {

constexpr char kPackedMagic[8] = {'S', 'P', 'K', 'D', 'A', 'T', 'A', '1'};
constexpr uint32_t kPackedVersion = 1;

struct PackedBlock {
  uint64_t offset = 0, bytes = 0;
  uint32_t checksum = 0;  // CRC-32C
  uint32_t unused = 0;
};

struct PackedHeader {
  char magic[8] = {};
  uint32_t version = 0;
  uint32_t checksum = 0;  // CRC-32C of this header with a zero here
  uint64_t count = 0;     // images: first all training images, then all test images
  uint64_t training = 0;
  PackedBlock index, names, classes, notes;
};

struct PackedEntry {
  uint64_t offset = 0, name_offset = 0;  // in the file; in the block of names
  uint32_t bytes = 0, name_bytes = 0;
  int32_t height = 0, width = 0;  // pixels, upright
  int32_t label = 0;
  uint32_t checksum = 0;  // CRC-32C of the image's bytes
  uint8_t encoding = 0;   // 0: JPEG or PNG; 1: raw, height x width x channels
  uint8_t channels = 0;
  uint8_t unused[6] = {};
};

static_assert(sizeof(PackedHeader) == 128 && sizeof(PackedEntry) == 48);
static_assert(std::is_trivially_copyable_v<PackedHeader> && std::is_trivially_copyable_v<PackedEntry>);
#ifdef __BYTE_ORDER__
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed files are read as they lie in memory");
#endif

}  // namespace singlepath
