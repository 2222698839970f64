// Fuzz targets: one for each reader of files that come from elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace singlepath {

using Bytes = std::vector<uint8_t>;

struct FuzzTarget {
  std::string name;
  // Small valid inputs, which are then damaged.
  std::vector<Bytes> (*seeds)();
  // Reads an input to the end. May throw Error and nothing else.
  void (*run)(const Bytes& input);
  // Makes checksums fit again, so that damage behind them is seen; may be absent.
  void (*repair)(Bytes& input);
};

// All targets, by name.
const std::vector<FuzzTarget>& fuzz_targets();

// A file with `input` in it, in memory; the same path each time.
std::string as_file(const Bytes& input);
// A second one, for readers of two files.
std::string as_second_file(const Bytes& input);

}  // namespace singlepath
