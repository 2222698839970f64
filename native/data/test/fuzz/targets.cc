#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "data/cifar.h"
#include "data/file.h"
#include "data/idx.h"
#include "data/sources/open.h"
#include "data/test/fuzz/archives_to_read.h"
#include "data/test/fuzz/images_to_read.h"
#include "data/test/fuzz/target.h"

namespace singlepath {
namespace {

class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : file_(memfd_create(name, 0)) {}
  ~MemoryFile() { close(file_); }

  std::string with(const Bytes& input) {
    const bool written = ftruncate(file_, 0) == 0 &&
                         pwrite(file_, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size());
    if (!written) std::abort();
    return "/proc/self/fd/" + std::to_string(file_);
  }

 private:
  const int file_;
};

// Both splits, every image.
void read_images(SourceKind kind, const Bytes& input) {
  SourceSpec spec;
  spec.kind = kind;
  spec.paths = {as_file(input)};
  spec.whole_without_test = true;
  std::vector<uint8_t> buffer;
  for (const Split split : {Split::train, Split::test}) {
    spec.split = split;
    const auto opened = open_images(spec);
    const SampleSource& source = *opened.source;
    for (int64_t i = 0; i < source.size(); i++) {
      source.name(i);
      const EncodedImage image = source.read(i, buffer);
      volatile uint8_t last = image.data[image.size - 1];
      (void)last;
      if (source.label(i) < 0 || source.label(i) >= static_cast<int64_t>(opened.classes.size())) std::abort();
    }
  }
}

std::vector<std::pair<std::string, std::string>> folder_members() {
  return {{"photos/train/cat/1.jpg", "first"},   {"photos/train/cat/10.jpg", "second"},
          {"photos/train/dog/a/2.png", "third"}, {"photos/val/cat/3.jpeg", std::string(600, 'x')},
          {"photos/val/dog/4.JPG", "fifth"},     {"photos/readme.txt", "no image"}};
}

std::vector<Bytes> tar_seeds() {
  return {tar_of(folder_members()), tar_of(folder_members(), true),
          tar_of({{"train/cat/a.jpg", "1"},
                  {"train/dog/b.jpg", "2"},
                  {"val/images/c.jpg", "3"},
                  {"val/val_annotations.txt", "c.jpg\tdog\t0\t0\t1\t1\n"}})};
}

std::vector<Bytes> shard_seeds() {
  return {tar_of({{"000.jpg", "1"}, {"000.cls", "0"}, {"001.jpg", "2"}, {"001.cls", "1\n"}}),
          tar_of({{"a.png", "1"},
                  {"a.json", R"({"label": 1, "class_name": "d\u00f6g", "box": [1, {"x": null}]})"},
                  {"b.png", "2"},
                  {"b.json", R"({"other": "\ud83d\ude00", "cls": 0})"}}),
          tar_of({{"a.jpg", "1"}, {"a.cls", "cat"}, {"b.jpg", "2"}, {"b.cls", "dog"}}, true)};
}

// The table names itself as its images, so that there is something to read.
std::vector<Bytes> table_seeds() {
  const std::string self = as_file({});
  const auto rows = [&](const std::string& separator, const std::string& quote) {
    std::string text;
    for (const std::string label : {"cat", "dog"}) text += quote + self + quote + separator + label + "\n";
    return text;
  };
  return {
      bytes_of("path,label\n" + rows(",", "\"")), bytes_of(rows("\t", "")),
      bytes_of("split,class,file\r\ntrain,0," + self + "\r\ntrain,1," + self + "\r\nval,1," + self + "\r\n")};
}

std::vector<Bytes> cifar_seeds() {
  Bytes ten(2 * 3073), hundred(3074);
  for (size_t i = 0; i < ten.size(); i++) ten[i] = static_cast<uint8_t>(i % 3073 == 0 ? i % 10 : i);
  for (size_t i = 0; i < hundred.size(); i++) hundred[i] = static_cast<uint8_t>(i % 100);
  return {ten, gzip_of(ten), hundred};
}

std::vector<Bytes> idx_seeds() {
  return {idx_images(5), gzip_of(idx_images(5)), idx_labels(5)};
}

// The input takes the place of the images, then that of the labels.
void run_idx(const Bytes& input) {
  const bool labels = input.size() > 3 && input[3] == 1;
  const Bytes other = labels ? idx_images(5) : idx_labels(5);
  const std::string one = as_file(input), two = as_second_file(other);
  read_idx(labels ? two : one, labels ? one : two);
}

void run_cifar(const Bytes& input) {
  const bool hundred = input.size() % 3074 == 0;
  read_cifar({as_file(input)}, hundred ? Cifar::hundred : Cifar::ten);
}

std::vector<Bytes> gzip_seeds() {
  Bytes noise(3000);
  for (size_t i = 0; i < noise.size(); i++) noise[i] = static_cast<uint8_t>(i * i >> 3);
  Bytes twice = gzip_of(noise);
  const Bytes more = gzip_of(Bytes(5000, 7));
  twice.insert(twice.end(), more.begin(), more.end());
  return {gzip_of(noise), gzip_of(Bytes(20000, 1)), twice};
}

}  // namespace

std::string as_file(const Bytes& input) {
  static MemoryFile file("fuzz-1");
  return file.with(input);
}

std::string as_second_file(const Bytes& input) {
  static MemoryFile file("fuzz-2");
  return file.with(input);
}

void run_gzip(const Bytes& input) {
  InputFile file(as_file(input));
  uint8_t piece[4096];
  while (file.read_some(piece, sizeof piece) == sizeof piece) {
  }
}

const std::vector<FuzzTarget>& fuzz_targets() {
  static const std::vector<FuzzTarget> targets = {
      {"tar", tar_seeds, [](const Bytes& input) { read_images(SourceKind::tar, input); }, repair_tar},
      {"webdataset", shard_seeds, [](const Bytes& input) { read_images(SourceKind::webdataset, input); },
       repair_tar},
      {"csv", table_seeds, [](const Bytes& input) { read_images(SourceKind::csv, input); }, nullptr},
      {"packed", [] { return std::vector{packed_file(true), packed_file(false)}; },
       [](const Bytes& input) { read_images(SourceKind::packed, input); }, repair_packed},
      {"journal", [] { return std::vector<Bytes>{pack_journal()}; }, resume_pack, repair_pack_journal},
      {"idx", idx_seeds, run_idx, nullptr},
      {"jpeg", jpeg_seeds, run_jpeg, nullptr},
      {"png", png_seeds, run_image, repair_png},
      {"cifar", cifar_seeds, run_cifar, nullptr},
      {"gzip", gzip_seeds, run_gzip, nullptr},
  };
  return targets;
}

}  // namespace singlepath
