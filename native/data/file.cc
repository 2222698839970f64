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

std::vector<uint8_t> InputFile::read_all(int64_t most) {
  std::vector<uint8_t> data;
  int64_t have = 0;
  for (;;) {
    const int64_t want = std::max(kChunk, have);
    data.resize(static_cast<size_t>(have + want));
    const int64_t got = read_some(data.data() + have, want);
    have += got;
    if (have > most) {
      throw Error("INVALID_DATASET",
                  "Expected at most " + std::to_string(most) + " bytes in '" + path_ + "' but received more",
                  "the file is no data set of this kind, or unpacks to an absurd size");
    }
    if (got < want) break;
  }
  data.resize(static_cast<size_t>(have));
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
