#include "binding/dataset_source.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "binding/convert.h"
#include "data/cifar.h"
#include "data/idx.h"
#include "data/synthetic.h"

namespace singlepath {
namespace {

std::function<Dataset()> idx(const Napi::Object& source) {
  return [images = get_string(source, "images"), labels = get_string(source, "labels")] {
    return read_idx(images, labels);
  };
}

std::function<Dataset()> cifar(const Napi::Object& source) {
  const auto kind = get_integer(source, "classes") == 10 ? Cifar::ten : Cifar::hundred;
  const auto list = get_array(source, "files");
  std::vector<std::string> files;
  for (uint32_t i = 0; i < list.Length(); i++) files.push_back(list.Get(i).ToString().Utf8Value());
  return [files, kind] { return read_cifar(files, kind); };
}

std::function<Dataset()> synthetic(const Napi::Object& source) {
  SyntheticSpec spec;
  spec.count = get_integer(source, "count");
  spec.channels = get_integer(source, "channels");
  spec.height = get_integer(source, "height");
  spec.width = get_integer(source, "width");
  spec.classes = get_integer(source, "classes");
  spec.seed = static_cast<uint64_t>(get_integer(source, "seed"));
  spec.split = static_cast<uint64_t>(get_integer(source, "split"));
  return [spec] { return make_synthetic(spec); };
}

template <class Array>
Array typed(const Napi::Object& source, const char* name, napi_typedarray_type type, const char* type_name) {
  const Napi::Value value = get(source, name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    expected(type_name, name, value);
  }
  return value.As<Array>();
}

std::function<Dataset()> arrays(const Napi::Object& source) {
  const auto pixels = typed<Napi::Uint8Array>(source, "pixels", napi_uint8_array, "a Uint8Array");
  const auto labels = typed<Napi::Int32Array>(source, "labels", napi_int32_array, "an Int32Array");
  const auto shape = get_integers(source, "shape");
  if (shape.size() != 4) expected("[count, channels, height, width]", "shape", get(source, "shape"));
  // A std::function must be copyable, the pixels should not be copied again: they are moved out when opened.
  auto dataset = std::make_shared<Dataset>();
  dataset->count = shape[0];
  dataset->channels = shape[1];
  dataset->height = shape[2];
  dataset->width = shape[3];
  dataset->pixels.assign(pixels.Data(), pixels.Data() + pixels.ElementLength());
  dataset->labels.assign(labels.Data(), labels.Data() + labels.ElementLength());
  return [dataset] {
    check_dataset(*dataset);
    return std::move(*dataset);
  };
}

// By `format`: the native half of the table in src/data/kinds/.
const std::map<std::string, std::function<Dataset()> (*)(const Napi::Object&)> kReaders = {
    {"idx", idx}, {"cifar", cifar}, {"synthetic", synthetic}, {"arrays", arrays}};

std::function<Dataset()> by_format(const Napi::Object& source) {
  const auto reader = kReaders.find(get_string(source, "format"));
  if (reader == kReaders.end()) expected("a format of data sets", "format", source.Get("format"));
  return reader->second(source);
}

}  // namespace

std::function<Dataset()> dataset_opener(Napi::Value value) {
  if (!value.IsObject()) expected("the description of a data set", "openDataset", value);
  const auto source = value.As<Napi::Object>();
  auto open = by_format(source);
  if (!get_boolean(source, "bgr")) return open;
  return [open] {
    Dataset dataset = open();
    swap_red_and_blue(dataset);
    return dataset;
  };
}

}  // namespace singlepath
