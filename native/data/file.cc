#include "data/file.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace singlepath {
namespace {

// Memory grows with the bytes that really arrive: a header may promise anything.
constexpr int64_t kChunk = 64 << 10;

// A gzip file may unpack to so many times its size once it is beyond kSmall. Images shrink to a half or a
// tenth (MNIST: 4.7 times), equal bytes to a thousandth: a megabyte of those would fill a gigabyte of memory.
constexpr int64_t kMostUnpacked = 100;
constexpr int64_t kSmall = 64 << 20;

gzFile handle(void* file) {
  return static_cast<gzFile>(file);
}

}  // namespace

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  struct stat status{};
  if (stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error("INVALID_DATASET", "Expected a data file at '" + path_ + "' but there is none",
                  "check the path of the data set; `singlepath doctor` lists the known places");
    }
    throw Error("IO", "Cannot read '" + path_ + "': " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error("INVALID_DATASET", "Expected a data file at '" + path_ + "' but it is not a regular file");
  }
  if (status.st_size == 0) {
    throw Error("INVALID_DATASET", "Expected a data file at '" + path_ + "' but it is empty",
                "download the file again");
  }
  size_ = status.st_size;
  errno = 0;
  file_ = gzopen(path_.c_str(), "rb");
  if (file_ == nullptr) throw Error("IO", "Cannot read '" + path_ + "': " + std::strerror(errno));
  gzbuffer(handle(file_), 1 << 17);
}

InputFile::~InputFile() {
  gzclose(handle(file_));
}

int64_t InputFile::read_some(uint8_t* out, int64_t bytes) {
  int64_t have = 0;
  while (have < bytes) {
    const auto want = static_cast<unsigned>(std::min<int64_t>(bytes - have, kChunk));
    const int got = gzread(handle(file_), out + have, want);
    if (got < 0) {
      int code = Z_OK;
      const std::string reason = gzerror(handle(file_), &code);
      if (code == Z_ERRNO) throw Error("IO", "Cannot read '" + path_ + "': " + std::strerror(errno));
      if (code == Z_BUF_ERROR) {
        throw Error("INVALID_DATASET", "Expected a complete gzip file at '" + path_ + "' but it is truncated",
                    "download the file again");
      }
      throw Error("INVALID_DATASET", "Expected intact gzip data in '" + path_ + "' but received: " + reason,
                  "download the file again");
    }
    have += got;
    unpacked_ += got;
    if (unpacked_ > kSmall && unpacked_ / kMostUnpacked > size_) {
      throw Error("INVALID_DATASET",
                  "Expected '" + path_ + "' (" + std::to_string(size_) + " bytes) to unpack to at most " +
                      std::to_string(kMostUnpacked) + " times its size but received more",
                  "this is no data set of images; unpack the file if it is one");
    }
    if (static_cast<unsigned>(got) < want) break;
  }
  // A gzip file cut inside its last block shows up only here.
  int code = Z_OK;
  gzerror(handle(file_), &code);
  if (have < bytes && code == Z_BUF_ERROR) {
    throw Error("INVALID_DATASET", "Expected a complete gzip file at '" + path_ + "' but it is truncated",
                "download the file again");
  }
  return have;
}

std::vector<uint8_t> InputFile::read(int64_t bytes, const std::string& what) {
  std::vector<uint8_t> data;
  int64_t have = 0;
  while (have < bytes) {
    const int64_t want = std::min(bytes - have, std::max(kChunk, have));
    data.resize(static_cast<size_t>(have + want));
    const int64_t got = read_some(data.data() + have, want);
    have += got;
    if (got < want) {
      throw Error("INVALID_DATASET",
                  "Expected " + std::to_string(bytes) + " bytes of " + what + " in '" + path_ +
                      "' but the file ends after " + std::to_string(have),
                  "the file is truncated: download it again");
    }
  }
  return data;
}

void InputFile::expect_end(const std::string& after) {
  uint8_t extra;
  if (read_some(&extra, 1) != 0) {
    throw Error("INVALID_DATASET",
                "Expected the end of '" + path_ + "' after " + after + " but received more bytes",
                "the file is damaged, or made by another program");
  }
}

}  // namespace singlepath
