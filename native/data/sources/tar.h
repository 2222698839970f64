// The headers of a tar archive: POSIX ustar and pax, GNU long names and sizes (POSIX.1-2017, "pax", "ustar
// Interchange Format"). Nothing is unpacked: members are read where they lie.
#pragma once

#include <functional>
#include <string>

#include "data/sources/random_file.h"

namespace singlepath {

struct TarMember {
  std::string name;              // normalized: no leading "./", no empty component
  int64_t offset = 0, size = 0;  // of its bytes in the archive
};

// A member that was left out, and why.
struct TarProblem {
  std::string name, reason;
};

// Calls `member` for every regular file in order. Names that leave the archive's folder ("..", "/...") go to
// `problem`, as do links and sparse files; folders are passed over in silence. Throws INVALID_DATASET for
// what is no tar archive, is compressed, or is cut short or damaged, with the place.
void scan_tar(const RandomFile& archive, const std::function<void(TarMember)>& member,
              const std::function<void(TarProblem)>& problem);

}  // namespace singlepath
