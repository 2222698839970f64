#include "binding/dataset_source.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "binding/convert.h"
#include "binding/options.h"
#include "data/cifar.h"
#include "data/encoded_array.h"
#include "data/idx.h"
#include "data/labels.h"
#include "data/pixel_array.h"
#include "data/sources/open.h"
#include "data/synthetic.h"

namespace singlepath {
namespace {

using SourcePtr = std::shared_ptr<const SampleSource>;
using Opener = std::function<ImageSet()>;

SourcePtr share(PixelArray images) {
  return std::make_shared<const PixelArray>(std::move(images));
}

Opener idx(const Napi::Object& source) {
  return [images = get_string(source, "images"), labels = get_string(source, "labels")] {
    return share(read_idx(images, labels));
  };
}

Opener cifar(const Napi::Object& source) {
  const auto kind = get_integer(source, "classes") == 10 ? Cifar::ten : Cifar::hundred;
  return [files = get_strings(source, "files"), kind] { return share(read_cifar(files, kind)); };
}

Opener synthetic(const Napi::Object& source) {
  SyntheticSpec spec;
  // clang-format off
  const OptionTable table = {
      {"count", &spec.count},
      {"channels", &spec.channels},
      {"height", &spec.height},
      {"width", &spec.width},
      {"classes", &spec.classes},
      {"seed", &spec.seed},
      {"split", &spec.split},
  };
  // clang-format on
  read_options(source, table);
  return [spec] { return share(make_synthetic(spec)); };
}

template <class Array>
Array typed(const Napi::Object& source, const char* name, napi_typedarray_type type, const char* type_name) {
  const Napi::Value value = get(source, name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    expected(type_name, name, value);
  }
  return value.As<Array>();
}

Opener arrays(const Napi::Object& source) {
  const auto pixels = typed<Napi::Uint8Array>(source, "pixels", napi_uint8_array, "a Uint8Array");
  const auto labels = typed<Napi::Int32Array>(source, "labels", napi_int32_array, "an Int32Array");
  const auto shape = get_integers(source, "shape");
  if (shape.size() != 4) expected("[count, channels, height, width]", "shape", get(source, "shape"));
  auto images = std::make_shared<PixelArray>();
  images->count = shape[0];
  images->channels = shape[1];
  images->height = shape[2];
  images->width = shape[3];
  images->pixels.assign(pixels.Data(), pixels.Data() + pixels.ElementLength());
  images->labels.assign(labels.Data(), labels.Data() + labels.ElementLength());
  return [images]() -> SourcePtr {
    check_arrays(*images);
    return images;
  };
}

Opener encoded(const Napi::Object& source) {
  const auto labels = typed<Napi::Int32Array>(source, "labels", napi_int32_array, "an Int32Array");
  const auto files = get_array(source, "images");
  auto images = std::make_shared<EncodedArray>();
  for (uint32_t i = 0; i < files.Length(); i++) {
    const Napi::Value file = files.Get(i);
    if (!file.IsTypedArray() || file.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      expected("Uint8Arrays", "images", file);
    }
    const auto bytes = file.As<Napi::Uint8Array>();
    images->files.emplace_back(bytes.Data(), bytes.Data() + bytes.ElementLength());
  }
  images->labels.assign(labels.Data(), labels.Data() + labels.ElementLength());
  return [images]() -> SourcePtr {
    check_labels(images->labels, images->size());
    return images;
  };
}

Opener images(const Napi::Object& source) {
  static const std::map<std::string, SourceKind> kinds = {
      {"image-folder", SourceKind::image_folder},
      {"tiny-imagenet", SourceKind::tiny_imagenet},
      {"tar", SourceKind::tar},
      {"webdataset", SourceKind::webdataset},
      {"csv", SourceKind::csv},
      {"packed", SourceKind::packed},
  };
  const auto kind = kinds.find(get_string(source, "kind"));
  if (kind == kinds.end()) expected("a kind of image files", "kind", source.Get("kind"));
  SourceSpec spec;
  spec.kind = kind->second;
  spec.split = get_string(source, "split") == "train" ? Split::train : Split::test;
  const OptionTable table = {
      {"paths", &spec.paths},
      {"testPaths", &spec.test_paths},
      {"wholeWithoutTest", &spec.whole_without_test},
  };
  read_options(source, table);
  return [spec] { return open_images(spec); };
}

// By `format`: the native half of the table in src/data/kinds/.
// clang-format off
const std::map<std::string, Opener (*)(const Napi::Object&)> kReaders = {
    {"idx", idx},
    {"cifar", cifar},
    {"synthetic", synthetic},
    {"arrays", arrays},
    {"encoded", encoded},
    {"images", images},
};
// clang-format on

Opener by_format(const Napi::Object& source) {
  const auto reader = kReaders.find(get_string(source, "format"));
  if (reader == kReaders.end()) expected("a format of data sets", "format", source.Get("format"));
  return reader->second(source);
}

}  // namespace

Opener source_opener(const Napi::Value& value) {
  if (!value.IsObject()) expected("the description of a data set", "openDataset", value);
  return by_format(value.As<Napi::Object>());
}

DatasetOptions to_dataset_options(const Napi::Value& value) {
  if (!value.IsObject()) expected("options", "openDataset", value);
  const auto object = value.As<Napi::Object>();
  DatasetOptions options;
  const OptionTable table = {
      {"channels", &options.shape.channels},
      {"size", &options.shape.height},
      {"resize", &options.resize},
      {"upright", &options.upright},
      {"bgr", &options.bgr},
      {"exact", &options.exact},
      {"pixelLimit", &options.pixel_limit},
      {"cacheBytes", &options.cache_bytes},
      {"skipBroken", &options.broken.skip},
      {"brokenShare", &options.broken.most_share},
  };
  read_options(object, table);
  options.shape.width = options.shape.height;
  return options;
}

}  // namespace singlepath
