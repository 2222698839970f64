#include "data/sources/packed.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "data/sources/crc32c.h"
#include "data/sources/encoded_files.h"
#include "data/sources/packed_format.h"
#include "data/sources/random_file.h"

namespace singlepath {
namespace {

// Above every side that a reader takes; the bytes of such an image are a number that does not overflow.
constexpr int32_t kLongestPackedSide = 1 << 24;

}  // namespace

class PackedFile {
 public:
  explicit PackedFile(const std::string& path) : file_(path), stamp_(file_.stamp()) {
    if (stamp_.size < static_cast<int64_t>(sizeof(PackedHeader))) {
      damaged("a header of 128 bytes", std::to_string(stamp_.size) + " bytes");
    }
    void* mapped =
        mmap(nullptr, static_cast<size_t>(stamp_.size), PROT_READ, MAP_SHARED, file_.descriptor(), 0);
    if (mapped == MAP_FAILED) {
      throw Error("IO", "Cannot map '" + path + "' into memory: " + std::strerror(errno));
    }
    bytes_ = static_cast<const uint8_t*>(mapped);
    try {
      check_header();
      read_entries();
    } catch (...) {
      munmap(mapped, static_cast<size_t>(stamp_.size));
      throw;
    }
  }
  ~PackedFile() { munmap(const_cast<uint8_t*>(bytes_), static_cast<size_t>(stamp_.size)); }
  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;

  const std::string& path() const { return file_.path(); }
  int64_t count() const { return static_cast<int64_t>(header_.count); }
  int64_t training() const { return static_cast<int64_t>(header_.training); }
  const std::vector<std::string>& classes() const { return classes_; }
  std::string notes() const {
    return std::string(reinterpret_cast<const char*>(bytes_ + header_.notes.offset), header_.notes.bytes);
  }

  const PackedEntry& entry(int64_t index) const { return entries_[static_cast<size_t>(index)]; }
  std::string name(const PackedEntry& entry) const {
    if (changed()) return "an image";
    const auto* names = reinterpret_cast<const char*>(bytes_ + header_.names.offset);
    return std::string(names + entry.name_offset, entry.name_bytes);
  }

  EncodedImage read(int64_t index) const {
    if (changed()) {
      throw Error("INVALID_DATASET",
                  "Expected the packed file '" + path() + "' as it was when it was opened but it has changed",
                  "leave the data set alone while it is in use");
    }
    const PackedEntry& entry = this->entry(index);
    const uint8_t* data = bytes_ + entry.offset;
    if (crc32c(data, entry.bytes) != entry.checksum) {
      throw Error("INVALID_DATASET",
                  "Expected intact bytes of '" + path() + "!" + name(entry) + "' but the checksum differs",
                  "the packed file is damaged: copy it again, or pack the images again");
    }
    EncodedImage image;
    image.data = data;
    image.size = entry.bytes;
    image.kind = entry.encoding == 1 ? Encoding::raw : Encoding::compressed;
    image.height = entry.height;
    image.width = entry.width;
    image.channels = entry.channels;
    return image;
  }

 private:
  // Touching a mapped page behind the end of a file that was cut short would kill the process.
  bool changed() const { return file_.stamp() != stamp_; }

  [[noreturn]] void damaged(const std::string& what, const std::string& got) const {
    throw Error("INVALID_DATASET",
                "Expected a packed file with " + what + " at '" + path() + "' but received " + got,
                "the file is no packed file, or truncated or damaged: copy it, or pack the images, again");
  }

  void check_header() {
    std::memcpy(&header_, bytes_, sizeof header_);
    if (std::memcmp(header_.magic, kPackedMagic, sizeof kPackedMagic) != 0) {
      throw Error("INVALID_DATASET",
                  "Expected a packed file of singlepath at '" + path() + "' but it is another file",
                  "`singlepath data pack` makes one; data.kind names other formats");
    }
    if (header_.version != kPackedVersion) {
      throw Error("INVALID_DATASET",
                  "Expected a packed file of version " + std::to_string(kPackedVersion) + " at '" + path() +
                      "' but received version " + std::to_string(header_.version),
                  "pack the images again with this version of singlepath");
    }
    PackedHeader blank = header_;
    blank.checksum = 0;
    if (crc32c(&blank, sizeof blank) != header_.checksum) damaged("an intact header", "a wrong checksum");
    const auto size = static_cast<uint64_t>(stamp_.size);
    for (const PackedBlock& block : {header_.index, header_.names, header_.classes, header_.notes}) {
      if (block.offset > size || block.bytes > size - block.offset) {
        damaged("all its bytes", "only " + std::to_string(size));
      }
      if (crc32c(bytes_ + block.offset, block.bytes) != block.checksum)
        damaged("an intact index", "a wrong checksum");
    }
    if (header_.count > header_.index.bytes / sizeof(PackedEntry) || header_.training > header_.count ||
        header_.index.bytes != header_.count * sizeof(PackedEntry)) {
      damaged("as many entries as images", "another number");
    }
    read_classes();
  }

  void read_classes() {
    uint64_t at = 0;
    const uint8_t* block = bytes_ + header_.classes.offset;
    const auto number = [&] {
      if (header_.classes.bytes - at < sizeof(uint32_t)) damaged("a list of classes", "an incomplete one");
      uint32_t value;
      std::memcpy(&value, block + at, sizeof value);
      at += sizeof value;
      return value;
    };
    const uint32_t count = number();
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t length = number();
      if (length > header_.classes.bytes - at) damaged("a list of classes", "an incomplete one");
      classes_.emplace_back(reinterpret_cast<const char*>(block + at), length);
      at += length;
    }
  }

  // A copy of the index stays in memory: labels are asked for where no error can be told.
  void read_entries() {
    const auto size = static_cast<uint64_t>(stamp_.size);
    entries_.resize(static_cast<size_t>(header_.count));
    if (header_.index.bytes > 0)
      std::memcpy(entries_.data(), bytes_ + header_.index.offset, header_.index.bytes);
    for (int64_t i = 0; i < count(); i++) {
      const PackedEntry& entry = this->entry(i);
      const bool inside = entry.offset <= size && entry.bytes <= size - entry.offset &&
                          entry.name_offset <= header_.names.bytes &&
                          entry.name_bytes <= header_.names.bytes - entry.name_offset;
      const bool labelled = entry.label >= 0 && static_cast<uint64_t>(entry.label) < classes_.size();
      const bool sized =
          entry.encoding == 0 ||
          (entry.encoding == 1 && entry.height > 0 && entry.width > 0 && entry.height < kLongestPackedSide &&
           entry.width < kLongestPackedSide && entry.channels >= 1 && entry.channels <= 4 &&
           int64_t{entry.height} * entry.width * entry.channels == entry.bytes);
      if (!inside || !labelled || !sized || !is_image_size(entry.bytes)) {
        damaged("sound entries", "a wrong one for image " + std::to_string(i));
      }
    }
  }

  const RandomFile file_;
  const FileStamp stamp_;
  const uint8_t* bytes_ = nullptr;
  PackedHeader header_;
  std::vector<std::string> classes_;
  std::vector<PackedEntry> entries_;
};

namespace {

class PackedSource : public SampleSource {
 public:
  PackedSource(std::shared_ptr<const PackedFile> file, int64_t begin, int64_t end)
      : file_(std::move(file)), begin_(begin), end_(end) {}

  int64_t size() const override { return end_ - begin_; }
  int64_t label(int64_t index) const override { return file_->entry(begin_ + index).label; }
  std::string name(int64_t index) const override {
    return file_->path() + "!" + file_->name(file_->entry(begin_ + index));
  }
  EncodedImage read(int64_t index, std::vector<uint8_t>&) const override {
    return file_->read(begin_ + index);
  }

 private:
  const std::shared_ptr<const PackedFile> file_;
  const int64_t begin_, end_;
};

}  // namespace

PackedContent open_packed(const std::string& path) {
  const auto file = std::make_shared<const PackedFile>(path);
  return {file, file->classes(), file->notes(), file->training(), file->count() - file->training()};
}

ImageSet packed_split(const PackedContent& content, Split split) {
  const int64_t all = content.training + content.test;
  const int64_t begin = split == Split::train ? 0 : content.training;
  const int64_t end = split == Split::train ? content.training : all;
  if (begin == end) {
    throw Error(
        "INVALID_DATASET",
        std::string("Expected ") + (split == Split::train ? "training" : "test") + " images in '" +
            content.file->path() + "' but there are none",
        split == Split::train
            ? "pack a folder with training images"
            : "data.testFraction=0.1 sets a tenth of each class aside, data.testPath names another file");
  }
  ImageSet set;
  set.classes = content.classes;
  set.source = std::make_shared<PackedSource>(content.file, begin, end);
  return set;
}

}  // namespace singlepath
