// Where encoded images come from: folders, archives, packed files, arrays. Plain C++: no torch, no N-API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/image/encoded_image.h"

namespace singlepath {

// A set of encoded images with a class each. Thread-safe after construction.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  virtual int64_t size() const = 0;

  // Index of the class, from 0.
  virtual int64_t label(int64_t index) const = 0;

  // What messages call the image: its path, or archive!member.
  virtual std::string name(int64_t index) const = 0;

  // What tells the image from the others of its set, wherever the set lies: its name without the folders
  // above.
  virtual std::string key(int64_t index) const { return name(index); }

  // Bytes it holds in memory, roughly.
  virtual int64_t memory() const { return 0; }

  // The bytes of an image. They may be put into `buffer`, which belongs to the calling thread and is used
  // again and again, or lie in memory of the source. Throws IO or INVALID_DATASET naming the image.
  virtual EncodedImage read(int64_t index, std::vector<uint8_t>& buffer) const = 0;
};

}  // namespace singlepath
