// Reading packed files: the images are mapped into memory.
#pragma once

#include <memory>
#include <string>

#include "data/sources/arrange.h"
#include "data/sources/image_set.h"

namespace singlepath {

// The mapped file; shared by the splits read from it.
class PackedFile;

struct PackedContent {
  std::shared_ptr<const PackedFile> file;
  std::vector<std::string> classes;
  std::string notes;  // JSON
  int64_t training = 0, test = 0;
};

// Checks header, checksums of all blocks but the images', and every entry. Throws INVALID_DATASET naming what
// is wrong.
PackedContent open_packed(const std::string& path);

// The images of a split. Each image's checksum is checked when it is read. Throws INVALID_DATASET where the
// split is empty.
ImageSet packed_split(const PackedContent& content, Split split);

}  // namespace singlepath
