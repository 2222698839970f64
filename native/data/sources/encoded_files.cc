#include "data/sources/encoded_files.h"

#include "core/error.h"
#include "data/sources/random_file.h"

namespace singlepath {

std::string FileSource::name(int64_t index) const {
  const std::string name(list_.names[index]);
  return root_.empty() || name.front() == '/' ? name : root_ + (root_.back() == '/' ? "" : "/") + name;
}

EncodedImage FileSource::read(int64_t index, std::vector<uint8_t>& buffer) const {
  const RandomFile file(name(index));
  const int64_t bytes = file.stamp().size;
  if (!is_image_size(bytes)) throw wrong_image_size(bytes, file.path());
  buffer.resize(static_cast<size_t>(bytes));
  file.read(0, buffer.data(), bytes, "an image");
  EncodedImage image;
  image.data = buffer.data();
  image.size = buffer.size();
  return image;
}

Error wrong_image_size(int64_t bytes, const std::string& name) {
  if (bytes == 0) {
    return Error("INVALID_DATASET", "Expected an image at '" + name + "' but it is empty",
                 "copy or download it again");
  }
  return Error("INVALID_DATASET", "Expected an image of at most " + std::to_string(kLargestImageFile) +
                                      " bytes at '" + name + "' but it has " + std::to_string(bytes));
}

}  // namespace singlepath
