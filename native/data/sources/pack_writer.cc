#include "data/sources/pack_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "data/sources/crc32c.h"

namespace singlepath {
namespace {

constexpr size_t kBufferBytes = 8 << 20;
constexpr char kJournalMagic[8] = {'S', 'P', 'K', 'P', 'A', 'R', 'T', '1'};

struct JournalHeader {
  char magic[8];
  uint64_t fingerprint;
};

struct JournalRecord {
  PackedEntry entry;
  uint32_t checksum, unused;
};

JournalRecord record_of(const PackedEntry& entry) {
  return {entry, crc32c(&entry, sizeof entry), 0};
}

[[noreturn]] void cannot(const std::string& action, const std::string& path) {
  const int code = errno;
  std::string hint;
  if (code == ENOSPC || code == EDQUOT) hint = "the disk is full: free some space and go on with --resume";
  if (code == EACCES || code == EPERM || code == EROFS) hint = "choose a folder you may write to";
  if (code == ENOENT) hint = "the folder of the packed file must exist";
  throw Error("IO", "Cannot " + action + " '" + path + "': " + std::strerror(code), hint);
}

int open_for_writing(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) cannot("write", path);
  return file;
}

void write_all(int file, const void* data, size_t size, const std::string& path) {
  const auto* at = static_cast<const uint8_t*>(data);
  while (size > 0) {
    const ssize_t written = ::write(file, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot("write", path);
    at += written;
    size -= static_cast<size_t>(written);
  }
}

void sync_file(int file, const std::string& path) {
  if (fsync(file) != 0) cannot("write", path);
}

// Bytes from the start of the file; fewer at its end.
size_t read_at_start(int file, void* out, size_t size, off_t offset) {
  size_t have = 0;
  while (have < size) {
    const ssize_t got =
        pread(file, static_cast<uint8_t*>(out) + have, size - have, offset + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  return have;
}

void sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const int file = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

}  // namespace

PackWriter::PackWriter(std::string path, uint64_t fingerprint, bool resume)
    : path_(std::move(path)), fingerprint_(fingerprint) {
  try {
    open(resume);
  } catch (...) {  // a destructor does not run for a half-built object
    if (data_ >= 0) close(data_);
    if (journal_ >= 0) close(journal_);
    throw;
  }
}

PackWriter::~PackWriter() {
  try {
    if (journal_ >= 0 && !broken_) flush();
  } catch (...) {  // resuming packs these images again
  }
  if (data_ >= 0) close(data_);
  if (journal_ >= 0) close(journal_);
}

void PackWriter::open(bool resume) {
  const std::string data = path_ + ".partial", journal = data + ".journal";
  data_ = open_for_writing(data);
  journal_ = open_for_writing(journal);
  end_ = sizeof(PackedHeader);
  if (resume) take_journal();
  if (ftruncate(data_, static_cast<off_t>(end_)) != 0) cannot("write", data);
  const auto noted = static_cast<off_t>(sizeof(JournalHeader) + entries_.size() * sizeof(JournalRecord));
  if (entries_.empty()) {
    if (ftruncate(journal_, 0) != 0) cannot("write", journal);
    JournalHeader header{};
    std::memcpy(header.magic, kJournalMagic, sizeof header.magic);
    header.fingerprint = fingerprint_;
    lseek(journal_, 0, SEEK_SET);
    write_all(journal_, &header, sizeof header, journal);
  } else if (ftruncate(journal_, noted) != 0) {
    cannot("write", journal);
  }
  lseek(data_, static_cast<off_t>(end_), SEEK_SET);
  lseek(journal_, noted, SEEK_SET);
  noted_ = entries_.size();
}

// Entries of the journal up to the first that is incomplete, or whose bytes are not all there.
void PackWriter::take_journal() {
  JournalHeader header;
  if (read_at_start(journal_, &header, sizeof header, 0) < sizeof header ||
      std::memcmp(header.magic, kJournalMagic, sizeof header.magic) != 0 ||
      header.fingerprint != fingerprint_) {
    return;
  }
  struct stat status{};
  if (fstat(data_, &status) != 0) cannot("read", path_ + ".partial");
  for (auto at = static_cast<off_t>(sizeof header);; at += static_cast<off_t>(sizeof(JournalRecord))) {
    JournalRecord record;
    if (read_at_start(journal_, &record, sizeof record, at) < sizeof record) return;
    if (record.checksum != crc32c(&record.entry, sizeof record.entry)) return;
    const uint64_t end = record.entry.offset + record.entry.bytes;
    if (record.entry.offset != end_ || end > static_cast<uint64_t>(status.st_size)) return;
    entries_.push_back(record.entry);
    end_ = end;
  }
}

std::vector<int64_t> PackWriter::left_out() const {
  std::vector<int64_t> indices;
  for (size_t i = 0; i < entries_.size(); i++) {
    if (entries_[i].bytes == 0) indices.push_back(static_cast<int64_t>(i));
  }
  return indices;
}

void PackWriter::write(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  buffer_.insert(buffer_.end(), bytes, bytes + size);
  end_ += size;
}

void PackWriter::add(const uint8_t* data, size_t size, PackedEntry entry) {
  entry.offset = end_;
  entry.bytes = static_cast<uint32_t>(size);
  entry.name_offset = entry.name_bytes = 0;
  entry.checksum = crc32c(data, size);
  write(data, size);
  entries_.push_back(entry);
  if (buffer_.size() >= kBufferBytes) flush();
}

void PackWriter::leave_out() {
  PackedEntry entry;
  entry.offset = end_;
  entries_.push_back(entry);
}

// The journal only ever tells of bytes that are on the disk.
void PackWriter::flush() {
  broken_ = true;  // until everything is written: half a buffer must not be written twice
  write_all(data_, buffer_.data(), buffer_.size(), path_ + ".partial");
  buffer_.clear();
  broken_ = noted_ != entries_.size();
  if (!broken_) return;
  sync_file(data_, path_ + ".partial");
  std::vector<JournalRecord> records;
  for (; noted_ < entries_.size(); noted_++) records.push_back(record_of(entries_[noted_]));
  write_all(journal_, records.data(), records.size() * sizeof(JournalRecord), path_ + ".partial.journal");
  broken_ = false;
}

void PackWriter::finish(const std::vector<std::string>& names, int64_t training,
                        const std::vector<std::string>& classes, const std::string& notes) {
  PackedHeader header;
  std::memcpy(header.magic, kPackedMagic, sizeof header.magic);
  header.version = kPackedVersion;
  std::vector<PackedEntry> index;
  std::string name_bytes, class_bytes;
  for (size_t i = 0; i < entries_.size(); i++) {
    PackedEntry entry = entries_[i];
    if (entry.bytes == 0) continue;
    entry.name_offset = name_bytes.size();
    entry.name_bytes = static_cast<uint32_t>(names[i].size());
    name_bytes += names[i];
    if (static_cast<int64_t>(i) < training) header.training++;
    index.push_back(entry);
  }
  if (index.empty()) throw Error("INVALID_DATASET", "Expected at least one image to pack but none is left");
  const auto append_number = [&](size_t value) {
    const auto number = static_cast<uint32_t>(value);
    class_bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  append_number(classes.size());
  for (const auto& name : classes) {
    append_number(name.size());
    class_bytes += name;
  }
  header.count = index.size();
  const auto block = [&](const void* data, size_t size) {
    const PackedBlock block{end_, size, crc32c(data, size), 0};
    write(data, size);
    flush();
    return block;
  };
  flush();
  header.index = block(index.data(), index.size() * sizeof(PackedEntry));
  header.names = block(name_bytes.data(), name_bytes.size());
  header.classes = block(class_bytes.data(), class_bytes.size());
  header.notes = block(notes.data(), notes.size());
  header.checksum = crc32c(&header, sizeof header);
  const std::string data = path_ + ".partial";
  lseek(data_, 0, SEEK_SET);
  write_all(data_, &header, sizeof header, data);
  sync_file(data_, data);
  if (std::rename(data.c_str(), path_.c_str()) != 0) cannot("write", path_);
  sync_folder_of(path_);
  unlink((data + ".journal").c_str());
  close(journal_);
  journal_ = -1;
  training_ = static_cast<int64_t>(header.training);
}

}  // namespace singlepath
