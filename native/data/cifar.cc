#include "data/cifar.h"

#include "core/error.h"
#include "data/file.h"

namespace singlepath {
namespace {

constexpr int64_t kSide = 32;
constexpr int64_t kPlane = kSide * kSide;
constexpr int64_t kPixels = 3 * kPlane;
constexpr int64_t kLargestFile = 1 << 30;  // CIFAR-100's training set has 154 MB

// `planes`: red, green and blue, each 32 x 32.
void append_record(PixelArray& dataset, const uint8_t* planes, int label) {
  dataset.labels.push_back(label);
  const size_t at = dataset.pixels.size();
  dataset.pixels.resize(at + kPixels);
  uint8_t* to = dataset.pixels.data() + at;
  for (int64_t p = 0; p < kPlane; p++) {
    *to++ = planes[p];
    *to++ = planes[p + kPlane];
    *to++ = planes[p + 2 * kPlane];
  }
}

void append_records(PixelArray& dataset, const std::string& path, Cifar kind) {
  const bool ten = kind == Cifar::ten;
  const std::string name = ten ? "CIFAR-10" : "CIFAR-100";
  const int64_t label_bytes = ten ? 1 : 2;
  const int64_t record = label_bytes + kPixels;
  const int classes = ten ? 10 : 100;

  // One record after another, so that memory holds no second copy of the file. After a wrong label the rest
  // is only counted: the size tells more of what kind of file it is.
  InputFile file(path);
  std::vector<uint8_t> bytes(static_cast<size_t>(record));
  int64_t size = 0, wrong_record = -1;
  int wrong_label = 0;
  for (int64_t got = record; got == record;) {
    got = file.read_some(bytes.data(), record);
    if (got == record && wrong_record < 0) {
      const int label = bytes[static_cast<size_t>(label_bytes - 1)];
      if (label >= classes) {
        wrong_record = size / record;
        wrong_label = label;
      } else {
        append_record(dataset, bytes.data() + label_bytes, label);
      }
    }
    size += got;
    if (size > kLargestFile) {
      throw Error("INVALID_DATASET", "Expected at most " + std::to_string(kLargestFile) + " bytes in '" +
                                         path + "' but received more");
    }
  }
  if (size == 0 || size % record != 0) {
    const int64_t other = ten ? kPixels + 2 : kPixels + 1;
    throw Error("INVALID_DATASET",
                "Expected " + name + " records of " + std::to_string(record) + " bytes in '" + path +
                    "' but received " + std::to_string(size) + " bytes",
                size > 0 && size % other == 0
                    ? std::string("the size fits ") + (ten ? "CIFAR-100" : "CIFAR-10")
                    : "the file is truncated, or not the binary version of " + name);
  }
  if (wrong_record >= 0) {
    throw Error("INVALID_DATASET",
                "Expected a label below " + std::to_string(classes) + " in record " +
                    std::to_string(wrong_record) + " of '" + path + "' but received " +
                    std::to_string(wrong_label),
                "the file may not be the binary version of " + name);
  }
}

}  // namespace

PixelArray read_cifar(const std::vector<std::string>& paths, Cifar kind) {
  if (paths.empty()) throw Error("INVALID_DATASET", "Expected at least one CIFAR file but received none");
  PixelArray dataset;
  dataset.channels = 3;
  dataset.height = dataset.width = kSide;
  for (const auto& path : paths) append_records(dataset, path, kind);
  dataset.count = static_cast<int64_t>(dataset.labels.size());
  return dataset;
}

}  // namespace singlepath
