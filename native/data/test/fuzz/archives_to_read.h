// Small valid files of every kind, made by hand: what the fuzz targets damage.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/test/fuzz/target.h"

namespace singlepath {

// A tar archive of named members, with a long name as GNU and as pax write it where `long_names`.
Bytes tar_of(const std::vector<std::pair<std::string, std::string>>& members, bool long_names = false);
// Writes the checksum of every header that can be found into it.
void repair_tar(Bytes& archive);

// A packed file of four images in two classes; raw or as compressed bytes.
Bytes packed_file(bool raw);
// Makes all checksums of a packed file fit again.
void repair_packed(Bytes& file);

// The journal of an interrupted packing, after four images of which one was left out. Its partial file is
// complete.
Bytes pack_journal();
// Makes the checksums of its records fit again.
void repair_pack_journal(Bytes& journal);
// Goes on with a packing whose journal is `input`. Throws Error where it has fewer than the four images.
void resume_pack(const Bytes& input);

// `plain` as a gzip file.
Bytes gzip_of(const Bytes& plain);

// IDX files of `count` images of 3 x 4, and of their labels.
Bytes idx_images(uint32_t count);
Bytes idx_labels(uint32_t count);

Bytes bytes_of(const std::string& text);

}  // namespace singlepath
