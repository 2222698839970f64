// A file that any thread reads at any place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace singlepath {

// What tells whether a file is still the one that was indexed.
struct FileStamp {
  uint64_t device = 0, inode = 0;
  int64_t size = 0, modified = 0;  // bytes; nanoseconds

  bool operator==(const FileStamp& other) const {
    return device == other.device && inode == other.inode && size == other.size && modified == other.modified;
  }
  bool operator!=(const FileStamp& other) const { return !(*this == other); }
};

class RandomFile {
 public:
  // Throws INVALID_DATASET where `path` is no regular file, IO where it cannot be opened.
  explicit RandomFile(std::string path);
  ~RandomFile();
  RandomFile(const RandomFile&) = delete;
  RandomFile& operator=(const RandomFile&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_; }

  // As the file is now. Throws IO.
  FileStamp stamp() const;

  // Fills `out` with the `bytes` bytes from `offset`; `what` names them in the error (INVALID_DATASET) where
  // the file ends before.
  void read(int64_t offset, uint8_t* out, int64_t bytes, const std::string& what) const;

 private:
  std::string path_;
  int descriptor_ = -1;
};

// The whole of a small text file; undefined content is the caller's to check. Throws INVALID_DATASET above
// `most` bytes.
std::string read_text_file(const std::string& path, int64_t most);

}  // namespace singlepath
