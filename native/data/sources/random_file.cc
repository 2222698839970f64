#include "data/sources/random_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace singlepath {

RandomFile::RandomFile(std::string path) : path_(std::move(path)) {
  // Non-blocking: opening a named pipe would wait for its other end.
  do descriptor_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error("INVALID_DATASET", "Expected a file at '" + path_ + "' but there is none",
                  "it may have been moved or removed, or a symbolic link leads nowhere");
    }
    throw Error("IO", "Cannot read '" + path_ + "': " + std::strerror(errno),
                errno == EACCES ? "permission denied: make the file readable" : "");
  }
  struct stat status{};
  const bool known = fstat(descriptor_, &status) == 0;
  if (known && S_ISREG(status.st_mode)) return;
  close(descriptor_);
  throw Error("INVALID_DATASET", "Expected a file at '" + path_ + "' but it is " +
                                     (known && S_ISDIR(status.st_mode) ? "a folder" : "no regular file"));
}

RandomFile::~RandomFile() {
  close(descriptor_);
}

FileStamp RandomFile::stamp() const {
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) {
    throw Error("IO", "Cannot read '" + path_ + "': " + std::strerror(errno));
  }
#ifdef __APPLE__
  const auto& modified = status.st_mtimespec;
#else
  const auto& modified = status.st_mtim;
#endif
  return {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino),
          static_cast<int64_t>(status.st_size),
          static_cast<int64_t>(modified.tv_sec) * 1'000'000'000 + modified.tv_nsec};
}

void RandomFile::read(int64_t offset, uint8_t* out, int64_t bytes, const std::string& what) const {
  constexpr int64_t kAtOnce = 1 << 30;  // Linux reads at most 2 GiB a call
  int64_t have = 0;
  while (have < bytes) {
    const ssize_t got = pread(descriptor_, out + have, static_cast<size_t>(std::min(bytes - have, kAtOnce)),
                              static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error("IO", "Cannot read '" + path_ + "': " + std::strerror(errno));
    if (got == 0) {
      throw Error("INVALID_DATASET",
                  "Expected " + std::to_string(bytes) + " bytes of " + what + " in '" + path_ +
                      "' but the file ends after " + std::to_string(have),
                  "the file is truncated: copy or download it again");
    }
    have += got;
  }
}

std::string read_text_file(const std::string& path, int64_t most) {
  const RandomFile file(path);
  const int64_t size = file.stamp().size;
  if (size > most) {
    throw Error("INVALID_DATASET", "Expected a text file of at most " + std::to_string(most) + " bytes at '" +
                                       path + "' but it has " + std::to_string(size));
  }
  std::string text(static_cast<size_t>(size), '\0');
  file.read(0, reinterpret_cast<uint8_t*>(text.data()), size, "text");
  return text;
}

}  // namespace singlepath
