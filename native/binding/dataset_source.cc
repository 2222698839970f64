#include "binding/dataset_source.h"

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "data/cifar.h"
#include "data/idx.h"
#include "data/synthetic.h"

namespace singlepath {
namespace {

std::string text(const Napi::Object& source, const char* name) {
  return source.Get(name).ToString().Utf8Value();
}

int64_t integer(const Napi::Object& source, const char* name) {
  return source.Get(name).ToNumber().Int64Value();
}

std::function<Dataset()> idx(const Napi::Object& source) {
  return [images = text(source, "images"), labels = text(source, "labels")] { return read_idx(images, labels); };
}

std::function<Dataset()> cifar(const Napi::Object& source) {
  const auto kind = integer(source, "classes") == 10 ? Cifar::ten : Cifar::hundred;
  const auto list = source.Get("files").As<Napi::Array>();
  std::vector<std::string> files;
  for (uint32_t i = 0; i < list.Length(); i++) files.push_back(list.Get(i).ToString().Utf8Value());
  return [files, kind] { return read_cifar(files, kind); };
}

std::function<Dataset()> synthetic(const Napi::Object& source) {
  SyntheticSpec spec;
  spec.count = integer(source, "count");
  spec.channels = integer(source, "channels");
  spec.height = integer(source, "height");
  spec.width = integer(source, "width");
  spec.classes = integer(source, "classes");
  spec.seed = static_cast<uint64_t>(integer(source, "seed"));
  spec.split = static_cast<uint64_t>(integer(source, "split"));
  return [spec] { return make_synthetic(spec); };
}

std::function<Dataset()> arrays(const Napi::Object& source) {
  const auto pixels = source.Get("pixels").As<Napi::Uint8Array>();
  const auto labels = source.Get("labels").As<Napi::Int32Array>();
  const auto shape = source.Get("shape").As<Napi::Array>();
  // A std::function must be copyable, the pixels should not be copied again: they are moved out when opened.
  auto dataset = std::make_shared<Dataset>();
  int64_t* const sides[] = {&dataset->count, &dataset->channels, &dataset->height, &dataset->width};
  for (uint32_t i = 0; i < 4; i++) *sides[i] = shape.Get(i).ToNumber().Int64Value();
  dataset->pixels.assign(pixels.Data(), pixels.Data() + pixels.ElementLength());
  dataset->labels.assign(labels.Data(), labels.Data() + labels.ElementLength());
  return [dataset] {
    check_dataset(*dataset);
    return std::move(*dataset);
  };
}

std::function<Dataset()> by_format(const Napi::Object& source) {
  const std::string format = text(source, "format");
  if (format == "idx") return idx(source);
  if (format == "cifar") return cifar(source);
  if (format == "synthetic") return synthetic(source);
  if (format == "arrays") return arrays(source);
  throw Error("INVALID_ARGUMENT", "Expected a known format of a data set but received '" + format + "'");
}

}  // namespace

std::function<Dataset()> dataset_opener(Napi::Value value) {
  if (!value.IsObject()) throw Error("INVALID_ARGUMENT", "Expected the description of a data set");
  const auto source = value.As<Napi::Object>();
  auto open = by_format(source);
  if (!source.Get("bgr").ToBoolean()) return open;
  return [open] {
    Dataset dataset = open();
    swap_red_and_blue(dataset);
    return dataset;
  };
}

}  // namespace singlepath
