// Reading data files, gzip-compressed or plain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace singlepath {

// A file read from front to end; a gzip file is unpacked on the way. Errors name the file: INVALID_DATASET
// for a file that is not there, empty or damaged, IO for one that cannot be read.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }

  // Reads exactly `bytes`; `what` names them in the error when the file ends before.
  std::vector<uint8_t> read(int64_t bytes, const std::string& what);

  // Reads to the end; more than `most` bytes is an error, so that a gzip file cannot unpack to any size.
  std::vector<uint8_t> read_all(int64_t most);

  // Throws when anything follows.
  void expect_end(const std::string& after);

 private:
  // Up to `bytes`; fewer only at the end of the file.
  int64_t read_some(uint8_t* out, int64_t bytes);

  std::string path_;
  void* file_ = nullptr;  // gzFile, so that zlib.h stays out of this header
};

}  // namespace singlepath
