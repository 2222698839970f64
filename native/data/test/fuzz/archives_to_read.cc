#include "data/test/fuzz/archives_to_read.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.h"
#include "data/sources/crc32c.h"
#include "data/sources/pack_writer.h"
#include "data/sources/packed_format.h"

namespace singlepath {
namespace {

constexpr size_t kTarBlock = 512;

void set_checksum(uint8_t* header) {
  std::memset(header + 148, ' ', 8);
  unsigned sum = 0;
  for (size_t i = 0; i < kTarBlock; i++) sum += header[i];
  std::snprintf(reinterpret_cast<char*>(header) + 148, 8, "%06o", sum);
}

void append_member(Bytes& archive, const std::string& name, const std::string& content, char type) {
  const size_t at = archive.size();
  archive.resize(at + kTarBlock);
  auto* header = reinterpret_cast<char*>(archive.data() + at);
  std::memcpy(header, name.data(), std::min<size_t>(name.size(), 100));
  std::snprintf(header + 100, 8, "%07o", 0644);
  std::snprintf(header + 124, 12, "%011o", static_cast<unsigned>(content.size()));
  std::snprintf(header + 136, 12, "%011o", 0);
  header[156] = type;
  std::memcpy(header + 257, "ustar\00000", 8);
  set_checksum(archive.data() + at);
  archive.insert(archive.end(), content.begin(), content.end());
  archive.resize((archive.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
}

std::string pax_path(const std::string& name) {
  const std::string rest = " path=" + name + "\n";
  std::string record = std::to_string(rest.size()) + rest;
  return std::to_string(record.size()) + rest;
}

void append_big_endian(Bytes& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
}

template <class T>
void append(Bytes& bytes, const T& value) {
  const auto* from = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), from, from + sizeof value);
}

}  // namespace

Bytes bytes_of(const std::string& text) {
  return Bytes(text.begin(), text.end());
}

Bytes tar_of(const std::vector<std::pair<std::string, std::string>>& members, bool long_names) {
  Bytes archive;
  bool pax = true;
  for (const auto& [name, content] : members) {
    if (long_names) {
      if (pax) {
        append_member(archive, "PaxHeaders/x", pax_path(name), 'x');
      } else {
        append_member(archive, "././@LongLink", name + '\0', 'L');
      }
      pax = !pax;
    }
    append_member(archive, name, content, '0');
  }
  archive.resize(archive.size() + 2 * kTarBlock);
  return archive;
}

void repair_tar(Bytes& archive) {
  for (size_t at = 0; at + kTarBlock <= archive.size(); at += kTarBlock) {
    if (std::memcmp(archive.data() + at + 257, "ustar", 5) == 0) set_checksum(archive.data() + at);
  }
}

Bytes packed_file(bool raw) {
  Bytes file(sizeof(PackedHeader));
  PackedHeader header;
  std::memcpy(header.magic, kPackedMagic, sizeof kPackedMagic);
  header.version = kPackedVersion;
  header.count = 4;
  header.training = 2;
  std::vector<PackedEntry> entries;
  std::string names;
  for (int i = 0; i < 4; i++) {
    const std::string content(2 * 3 * 3, static_cast<char>('a' + i)),
        name = "a/" + std::to_string(i) + ".png";
    PackedEntry entry;
    entry.offset = file.size();
    entry.bytes = static_cast<uint32_t>(content.size());
    entry.name_offset = names.size();
    entry.name_bytes = static_cast<uint32_t>(name.size());
    entry.height = 2;
    entry.width = 3;
    entry.channels = 3;
    entry.label = i % 2;
    entry.encoding = raw ? 1 : 0;
    entry.checksum = crc32c(content.data(), content.size());
    entries.push_back(entry);
    names += name;
    file.insert(file.end(), content.begin(), content.end());
  }
  const auto block = [&](const Bytes& content) {
    const PackedBlock block{file.size(), content.size(), crc32c(content.data(), content.size()), 0};
    file.insert(file.end(), content.begin(), content.end());
    return block;
  };
  Bytes index, classes;
  for (const auto& entry : entries) append(index, entry);
  append(classes, uint32_t{2});
  for (const std::string name : {"cat", "dog"}) {
    append(classes, static_cast<uint32_t>(name.size()));
    classes.insert(classes.end(), name.begin(), name.end());
  }
  header.index = block(index);
  header.names = block(bytes_of(names));
  header.classes = block(classes);
  header.notes = block(bytes_of("{}"));
  std::memcpy(file.data(), &header, sizeof header);
  repair_packed(file);
  return file;
}

void repair_packed(Bytes& file) {
  PackedHeader header;
  if (file.size() < sizeof header) return;
  std::memcpy(&header, file.data(), sizeof header);
  for (PackedBlock* block : {&header.index, &header.names, &header.classes, &header.notes}) {
    if (block->offset > file.size() || block->bytes > file.size() - block->offset) continue;
    block->checksum = crc32c(file.data() + block->offset, block->bytes);
  }
  header.checksum = 0;
  header.checksum = crc32c(&header, sizeof header);
  std::memcpy(file.data(), &header, sizeof header);
}

namespace {

constexpr uint64_t kPackFingerprint = 7;

// Where the packing lies: a folder of this process.
const std::string& pack_path() {
  static const struct Folder {
    Folder() {
      std::string folder = std::filesystem::temp_directory_path() / "singlepath-fuzz-XXXXXX";
      if (mkdtemp(folder.data()) == nullptr) std::abort();
      path = folder + "/photos.spk";
    }
    ~Folder() { std::filesystem::remove_all(std::filesystem::path(path).parent_path()); }

    std::string path;
  } folder;
  return folder.path;
}

Bytes content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

Bytes pack_journal() {
  {
    PackWriter writer(pack_path(), kPackFingerprint, /*resume=*/false);
    for (int i = 0; i < 4; i++) {
      const Bytes content(20, static_cast<uint8_t>(i));
      PackedEntry entry;
      entry.label = i % 2;
      if (i == 2) {
        writer.leave_out();
      } else {
        writer.add(content.data(), content.size(), entry);
      }
    }
  }
  return content_of(pack_path() + ".partial.journal");
}

void repair_pack_journal(Bytes& journal) {
  constexpr size_t kHeader = 16, kRecord = sizeof(PackedEntry) + 8;
  for (size_t at = kHeader; at + kRecord <= journal.size(); at += kRecord) {
    const uint32_t checksum = crc32c(journal.data() + at, sizeof(PackedEntry));
    std::memcpy(journal.data() + at + sizeof(PackedEntry), &checksum, sizeof checksum);
  }
}

void resume_pack(const Bytes& input) {
  static const Bytes partial = (pack_journal(), content_of(pack_path() + ".partial"));
  const auto write = [](const std::string& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  write(pack_path() + ".partial", partial);
  write(pack_path() + ".partial.journal", input);
  const PackWriter writer(pack_path(), kPackFingerprint, /*resume=*/true);
  // The journal may tell of bytes that are there, and of no others.
  if (writer.bytes() > static_cast<int64_t>(partial.size())) std::abort();
  if (static_cast<int64_t>(writer.left_out().size()) > writer.done()) std::abort();
  if (writer.done() < 4) throw Error("INVALID_DATASET", "Expected four images in the journal");
}

Bytes gzip_of(const Bytes& plain) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&stream, plain.size()) + 64);
  stream.next_in = const_cast<uint8_t*>(plain.data());
  stream.avail_in = static_cast<unsigned>(plain.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<unsigned>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Bytes idx_images(uint32_t count) {
  Bytes bytes;
  for (const uint32_t value : {0x803u, count, 3u, 4u}) append_big_endian(bytes, value);
  for (uint32_t i = 0; i < count * 12; i++) bytes.push_back(static_cast<uint8_t>(i * 37));
  return bytes;
}

Bytes idx_labels(uint32_t count) {
  Bytes bytes;
  for (const uint32_t value : {0x801u, count}) append_big_endian(bytes, value);
  for (uint32_t i = 0; i < count; i++) bytes.push_back(static_cast<uint8_t>(i % 7));
  return bytes;
}

}  // namespace singlepath
