#include "data/sources/fingerprint.h"

#include <cstdio>

#include "data/sources/crc32c.h"

namespace singlepath {

uint64_t fingerprint_of(const SampleSource& source) {
  uint32_t names = 0, labels = 0;
  for (int64_t i = 0; i < source.size(); i++) {
    const std::string name = source.key(i);
    const int64_t label = source.label(i);
    names = crc32c(name.data(), name.size() + 1, names);  // with the zero at its end
    labels = crc32c(&label, sizeof label, labels);
  }
  return uint64_t{names} << 32 | labels;
}

std::string hex_of(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace singlepath
