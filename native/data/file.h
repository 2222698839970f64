// Reading data files, gzip-compressed or plain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace singlepath {

// A file read from front to end; a gzip file is unpacked on the way, but not to any size. Errors name the
// file: INVALID_DATASET for a file that is not there, empty or damaged, IO for one that cannot be read.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }

  // Reads exactly `bytes`; `what` names them in the error when the file ends before.
  std::vector<uint8_t> read(int64_t bytes, const std::string& what);

  // Fills `out` with the next bytes, at most `bytes`, and returns how many; fewer only at the end of the
  // file.
  int64_t read_some(uint8_t* out, int64_t bytes);

  // Throws when anything follows.
  void expect_end(const std::string& after);

 private:
  std::string path_;
  int64_t size_ = 0;      // on disk
  int64_t unpacked_ = 0;  // read so far
  void* file_ = nullptr;  // gzFile, so that zlib.h stays out of this header
};

}  // namespace singlepath
