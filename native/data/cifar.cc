#include "data/cifar.h"

#include "core/error.h"
#include "data/file.h"

namespace singlepath {
namespace {

constexpr int64_t kSide = 32;
constexpr int64_t kPlane = kSide * kSide;
constexpr int64_t kPixels = 3 * kPlane;
constexpr int64_t kLargestFile = 1 << 30;  // CIFAR-100's training set has 154 MB

void append_records(PixelArray& dataset, const std::string& path, Cifar kind) {
  const bool ten = kind == Cifar::ten;
  const std::string name = ten ? "CIFAR-10" : "CIFAR-100";
  const int64_t label_bytes = ten ? 1 : 2;
  const int64_t record = label_bytes + kPixels;
  const int classes = ten ? 10 : 100;

  const auto bytes = InputFile(path).read_all(kLargestFile);
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % record != 0) {
    const int64_t other = ten ? kPixels + 2 : kPixels + 1;
    throw Error("INVALID_DATASET",
                "Expected " + name + " records of " + std::to_string(record) + " bytes in '" + path +
                    "' but received " + std::to_string(size) + " bytes",
                size > 0 && size % other == 0
                    ? std::string("the size fits ") + (ten ? "CIFAR-100" : "CIFAR-10")
                    : "the file is truncated, or not the binary version of " + name);
  }
  for (int64_t i = 0; i < size / record; i++) {
    const uint8_t* from = bytes.data() + i * record;
    const int label = from[label_bytes - 1];
    if (label >= classes) {
      throw Error("INVALID_DATASET",
                  "Expected a label below " + std::to_string(classes) + " in record " + std::to_string(i) +
                      " of '" + path + "' but received " + std::to_string(label),
                  "the file may not be the binary version of " + name);
    }
    dataset.labels.push_back(label);
    const size_t at = dataset.pixels.size();
    dataset.pixels.resize(at + kPixels);
    uint8_t* to = dataset.pixels.data() + at;
    const uint8_t* red = from + label_bytes;
    for (int64_t p = 0; p < kPlane; p++) {
      *to++ = red[p];
      *to++ = red[p + kPlane];
      *to++ = red[p + 2 * kPlane];
    }
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
