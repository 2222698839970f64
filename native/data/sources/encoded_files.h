// Images that lie as files on disk.
#pragma once

#include <string>

#include "core/error.h"
#include "data/sample_source.h"
#include "data/sources/listing.h"

namespace singlepath {

// An image file larger than this is not one; the limit keeps a wrong path from filling the memory.
constexpr int64_t kLargestImageFile = int64_t{1} << 30;

class FileSource : public SampleSource {
 public:
  // Names that are not absolute lie in `root`.
  FileSource(std::string root, ImageList list) : root_(std::move(root)), list_(std::move(list)) {}

  int64_t size() const override { return list_.names.size(); }
  int64_t label(int64_t index) const override { return list_.labels[static_cast<size_t>(index)]; }
  std::string name(int64_t index) const override;
  std::string key(int64_t index) const override { return std::string(list_.names[index]); }
  EncodedImage read(int64_t index, std::vector<uint8_t>& buffer) const override;

 private:
  const std::string root_;
  const ImageList list_;
};

inline bool is_image_size(int64_t bytes) {
  return bytes > 0 && bytes <= kLargestImageFile;
}

// The error for a size that is none.
Error wrong_image_size(int64_t bytes, const std::string& name);

}  // namespace singlepath
