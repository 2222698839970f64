#include "data/sources/tar.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace singlepath {
namespace {

constexpr int64_t kBlock = 512;
constexpr int64_t kLongestExtension = 1 << 20;  // a pax header or a GNU long name

using Header = std::array<uint8_t, kBlock>;

// Fields of a header block.
std::string_view text_field(const Header& header, size_t at, size_t length) {
  const auto* begin = reinterpret_cast<const char*>(header.data()) + at;
  return {begin, strnlen(begin, length)};
}

// Octal digits between blanks and zero bytes, or GNU's base 256 where the first bit is set; none for anything
// else.
std::optional<int64_t> number_field(const Header& header, size_t at, size_t length) {
  const uint8_t* field = header.data() + at;
  if (field[0] & 0x80) {
    uint64_t value = field[0] & 0x7f;
    for (size_t i = 1; i < length; i++) {
      if (value >> 55) return std::nullopt;
      value = value << 8 | field[i];
    }
    return static_cast<int64_t>(value);
  }
  size_t i = 0;
  while (i < length && field[i] == ' ') i++;
  uint64_t value = 0;
  for (; i < length && field[i] >= '0' && field[i] <= '7'; i++) value = value << 3 | (field[i] - '0');
  for (; i < length; i++) {
    if (field[i] != ' ' && field[i] != 0) return std::nullopt;
  }
  return static_cast<int64_t>(value);  // at most 12 octal digits: 36 bits
}

bool checksum_fits(const Header& header) {
  int64_t as_unsigned = 0, as_signed = 0;  // some old programs summed signed bytes
  for (size_t i = 0; i < header.size(); i++) {
    const uint8_t byte = i >= 148 && i < 156 ? ' ' : header[i];
    as_unsigned += byte;
    as_signed += static_cast<int8_t>(byte);
  }
  const auto stored = number_field(header, 148, 8);
  return stored && (*stored == as_unsigned || *stored == as_signed);
}

// What pax and GNU headers say about the member that follows.
struct Extension {
  std::optional<std::string> name;
  std::optional<int64_t> size;
  bool sparse = false;
};

// Records "<length> <key>=<value>\n"; false where they are damaged.
bool read_pax(std::string_view records, Extension& extension) {
  while (!records.empty()) {
    size_t length = 0, digits = 0;
    while (digits < records.size() && digits < 8 && records[digits] >= '0' && records[digits] <= '9') {
      length = length * 10 + static_cast<size_t>(records[digits++] - '0');
    }
    if (digits == 0 || digits >= records.size() || records[digits] != ' ' || length > records.size() ||
        length < digits + 3 || records[length - 1] != '\n') {
      return false;
    }
    const std::string_view record = records.substr(digits + 1, length - digits - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") extension.name = std::string(value);
    if (key.substr(0, 11) == "GNU.sparse.") extension.sparse = true;
    if (key == "size") {
      int64_t size = 0;
      if (value.empty() || value.size() > 18) return false;
      for (const char digit : value) {
        if (digit < '0' || digit > '9') return false;
        size = size * 10 + (digit - '0');
      }
      extension.size = size;
    }
    records.remove_prefix(length);
  }
  return true;
}

// Without "." and empty components; none where it is absolute, climbs with "..", or holds a zero byte.
std::optional<std::string> safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string_view::npos) return std::nullopt;
  std::string result;
  while (!name.empty()) {
    const size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(std::min(slash + 1, name.size()));
    if (part == "..") return std::nullopt;
    if (part.empty() || part == ".") continue;
    if (!result.empty()) result += '/';
    result += part;
  }
  if (result.empty()) return std::nullopt;
  return result;
}

// What a file that is no tar archive is instead, as a hint.
std::string hint_for(const Header& header) {
  const auto begins = [&](std::string_view magic) {
    return std::memcmp(header.data(), magic.data(), magic.size()) == 0;
  };
  if (begins("\x1f\x8b"))
    return "it is compressed with gzip, and images are read in place: unpack it with gunzip";
  if (begins("\xfd"
             "7zXZ"))
    return "it is compressed with xz, and images are read in place: unpack it with unxz";
  if (begins("\x28\xb5\x2f\xfd")) {
    return "it is compressed with zstd, and images are read in place: unpack it with unzstd";
  }
  if (begins("BZh"))
    return "it is compressed with bzip2, and images are read in place: unpack it with bunzip2";
  if (begins("PK\x03\x04")) return "it is a zip file: unpack it and give the folder";
  if (begins("SPKDATA1")) return "it is a packed file of singlepath: data.kind=packed";
  return "the file is damaged, or no tar archive";
}

class Scanner {
 public:
  Scanner(const RandomFile& archive, const std::function<void(TarMember)>& member,
          const std::function<void(TarProblem)>& problem)
      : archive_(archive), size_(archive.stamp().size), member_(member), problem_(problem) {}

  void run() {
    if (size_ == 0) {
      throw Error("INVALID_DATASET", "Expected a tar archive at '" + archive_.path() + "' but it is empty",
                  "copy or download it again");
    }
    Header header;
    while (at_ < size_) {
      read_header(header);
      if (std::all_of(header.begin(), header.end(), [](uint8_t byte) { return byte == 0; })) return;
      if (!checksum_fits(header)) damaged("a header with a fitting checksum", hint_for(header));
      take(header);
    }
  }

 private:
  [[noreturn]] void damaged(const std::string& what, const std::string& hint) const {
    throw Error("INVALID_DATASET",
                "Expected " + what + " at byte " + std::to_string(at_) + " of tar archive '" +
                    archive_.path() + "' but received something else",
                hint);
  }

  void read_header(Header& header) const {
    header.fill(0);
    const int64_t there = std::min(kBlock, size_ - at_);
    archive_.read(at_, header.data(), there, "a tar header");
    if (there < kBlock) damaged("a whole header of 512 bytes", hint_for(header));
  }

  void take(const Header& header) {
    const char type = static_cast<char>(header[156]);
    const auto stored = number_field(header, 124, 12);
    if (!stored) damaged("the size of a member", "the file is damaged");
    const bool describes = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    // Links and folders have no bytes, whatever their header says.
    const bool has_bytes = !(type >= '1' && type <= '6');
    const int64_t size = !has_bytes ? 0 : !describes && next_.size ? *next_.size : *stored;
    const int64_t begin = at_ + kBlock;
    if (size > size_ - begin) {
      const std::string name = describes ? "a header" : "'" + name_of(header) + "'";
      throw Error("INVALID_DATASET",
                  "Expected " + std::to_string(size) + " bytes of " + name + " in tar archive '" +
                      archive_.path() + "' but only " + std::to_string(size_ - begin) + " are left",
                  "the archive is truncated or damaged: copy or download it again");
    }
    if (describes) {
      describe(type, begin, size);
    } else {
      offer(type, name_of(header), begin, size);
      next_ = {};
    }
    at_ = std::min(size_, begin + (size + kBlock - 1) / kBlock * kBlock);
  }

  // A global pax header (g) and GNU's long link name (K) say nothing about where an image lies.
  void describe(char type, int64_t begin, int64_t size) {
    if (type == 'g' || type == 'K') return;
    if (size > kLongestExtension) {
      damaged("a header of at most " + std::to_string(kLongestExtension) + " bytes", "the file is damaged");
    }
    std::string text(static_cast<size_t>(size), '\0');
    archive_.read(begin, reinterpret_cast<uint8_t*>(text.data()), size, "a tar header");
    if (type == 'L') {
      next_.name = text.substr(0, text.find('\0'));
    } else if (!read_pax(text, next_)) {
      damaged("pax records", "the file is damaged");
    }
  }

  void offer(char type, const std::string& name, int64_t begin, int64_t size) {
    if (type == '5' || type == 'D' || (!name.empty() && name.back() == '/')) return;
    const auto safe = safe_name(name);
    if (!safe) return problem_({name, "its name leads out of the archive"});
    if (type == '1' || type == '2')
      return problem_({*safe, "it is a link, which is not followed in archives"});
    if (type == 'S' || next_.sparse) return problem_({*safe, "it is a sparse file"});
    if (type == '0' || type == 0 || type == '7') member_({*safe, begin, size});
  }

  std::string name_of(const Header& header) const {
    if (next_.name) return *next_.name;
    std::string name(text_field(header, 0, 100));
    const bool ustar = std::memcmp(header.data() + 257, "ustar\0", 6) == 0;
    const std::string_view prefix = text_field(header, 345, 155);
    return ustar && !prefix.empty() ? std::string(prefix) + "/" + name : name;
  }

  const RandomFile& archive_;
  const int64_t size_;
  const std::function<void(TarMember)>& member_;
  const std::function<void(TarProblem)>& problem_;
  int64_t at_ = 0;
  Extension next_;
};

}  // namespace

void scan_tar(const RandomFile& archive, const std::function<void(TarMember)>& member,
              const std::function<void(TarProblem)>& problem) {
  Scanner(archive, member, problem).run();
}

}  // namespace singlepath
