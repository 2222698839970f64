// Writing a packed file, resumable: bytes go to <path>.partial, what is complete is noted in
// <path>.partial.journal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/sources/packed_format.h"

namespace singlepath {

class PackWriter {
 public:
  // Opens the partial file, or goes on with it where its journal carries the same `fingerprint` (a hash of
  // what is packed and how). Throws IO.
  PackWriter(std::string path, uint64_t fingerprint, bool resume);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  // Images decided on so far, left out or not: where to go on.
  int64_t done() const { return static_cast<int64_t>(entries_.size()); }
  // Of them, those left out.
  std::vector<int64_t> left_out() const;
  int64_t bytes() const { return static_cast<int64_t>(end_); }
  // After finish(): training images in the file.
  int64_t training() const { return training_; }

  // The next image. Of `entry` only size, label and encoding count; the rest is filled in.
  void add(const uint8_t* data, size_t size, PackedEntry entry);
  // The next image cannot be packed.
  void leave_out();

  // Writes index, names (one for each image that was decided on), classes and notes; gives the file its name.
  // `training` counts decided images. Throws INVALID_DATASET where no image is left.
  void finish(const std::vector<std::string>& names, int64_t training,
              const std::vector<std::string>& classes, const std::string& notes);

 private:
  void open(bool resume);
  void take_journal();
  void write(const void* data, size_t size);
  void flush();

  const std::string path_;
  const uint64_t fingerprint_;
  int data_ = -1, journal_ = -1;
  std::vector<PackedEntry> entries_;  // without bytes: left out
  size_t noted_ = 0;                  // entries the journal has
  uint64_t end_ = 0;                  // of the bytes, with those still in the buffer
  std::vector<uint8_t> buffer_;
  int64_t training_ = 0;
  bool broken_ = false;  // a write failed
};

}  // namespace singlepath
