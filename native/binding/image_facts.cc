#include "binding/image_facts.h"

#include <atomic>
#include <memory>
#include <utility>

#include "binding/cancel_handle.h"
#include "binding/convert.h"
#include "binding/dataset_source.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/options.h"
#include "binding/settle.h"
#include "data/sources/inspect.h"
#include "data/sources/pack.h"

namespace singlepath {
namespace {

// Images done, and all of them; JavaScript asks for them whenever it likes.
struct Counters {
  std::atomic<int64_t> done{0}, total{0};
};

// Runs `work(const Cancellation&, Counters&) -> Result` on a thread of its own, which the end of the
// environment stops. Returns { result: a promise, progress(): [done, total] }.
template <class Work, class Convert>
Napi::Value image_work(Napi::Env env, std::shared_ptr<const CancelToken> token, Work work, Convert convert) {
  const auto stop = std::make_shared<CancelToken>();
  const auto counters = std::make_shared<Counters>();
  const auto promise = run_on_thread(
      env,
      [work = std::move(work), convert, token = std::move(token), stop, counters]() -> MakeValue {
        const Cancellation cancel{token, stop};
        auto result = std::make_shared<decltype(work(cancel, *counters))>(work(cancel, *counters));
        return [convert, result](Napi::Env env) -> Napi::Value { return convert(env, *result); };
      },
      stop);
  auto object = Napi::Object::New(env);
  object.Set("result", promise);
  object.Set("progress", Napi::Function::New(env, [counters](const Napi::CallbackInfo& info) {
               auto pair = Napi::Array::New(info.Env(), 2);
               pair.Set(0u, counters->done.load());
               pair.Set(1u, counters->total.load());
               return pair;
             }));
  return object;
}

struct Inspection {
  ImageSet set;
  InspectReport report;
};

Napi::Value inspection_to_js(Napi::Env env, const Inspection& inspection) {
  const InspectReport& report = inspection.report;
  auto object = Napi::Object::New(env);
  object.Set("images", report.images);
  object.Set("bytes", report.bytes);
  object.Set("decoded", report.decoded);
  object.Set("jpeg", report.jpeg);
  object.Set("png", report.png);
  object.Set("raw", report.raw);
  object.Set("height", numbers_to_js(env, report.height));
  object.Set("width", numbers_to_js(env, report.width));
  object.Set("perClass", numbers_to_js(env, report.per_class));
  object.Set("mean", numbers_to_js(env, report.mean));
  object.Set("std", numbers_to_js(env, report.std));
  object.Set("broken", to_js(env, report.broken));
  object.Set("classNames", to_js(env, inspection.set.classes));
  object.Set("hasTest", inspection.set.has_test);
  object.Set("notes", to_js(env, inspection.set.notes));
  return object;
}

// Arguments: source, options, cancel.
Napi::Value inspect(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    InspectOptions options;
    const OptionTable table = {
        {"decode", &options.decode},
        {"threads", &options.threads},
        {"pixelLimit", &options.pixel_limit},
    };
    read_options(to_object(info[1], "the options of inspectImages"), table);
    return image_work(
        info.Env(), CancelHandle::from(info[2]),
        [open = source_opener(info[0]), options](const Cancellation& cancel, Counters& counters) {
          Inspection inspection{open(), {}};
          counters.total = inspection.set.source->size();
          inspection.report = inspect_images(*inspection.set.source, options, cancel,
                                             [&](int64_t done) { counters.done = done; });
          return inspection;
        },
        inspection_to_js);
  });
}

PackOptions to_pack_options(const Napi::Object& object) {
  PackOptions options;
  const std::string mode = get_string(object, "mode");
  options.mode = mode == "raw"    ? PackOptions::Mode::raw
                 : mode == "jpeg" ? PackOptions::Mode::jpeg
                                  : PackOptions::Mode::original;
  // clang-format off
  const OptionTable table = {
      {"shortSide", &options.short_side},
      {"quality", &options.quality},
      {"threads", &options.threads},
      {"pixelLimit", &options.pixel_limit},
      {"skipBroken", &options.skip},
      {"brokenShare", &options.most_share},
      {"resume", &options.resume},
      {"root", &options.root},
      {"notes", &options.notes},
  };
  // clang-format on
  read_options(object, table);
  return options;
}

struct Packed {
  ImageSet training, test;
  PackReport report;
};

Napi::Value packed_to_js(Napi::Env env, const Packed& packed) {
  auto object = Napi::Object::New(env);
  object.Set("images", packed.report.images);
  object.Set("training", packed.report.training);
  object.Set("bytes", packed.report.bytes);
  object.Set("resumed", packed.report.resumed);
  object.Set("leftOut", to_js(env, packed.report.left_out));
  object.Set("classNames", to_js(env, packed.training.classes));
  return object;
}

// Arguments: path, source of the training images, source of the test images or null (both may hold the same
// set, where there are no test images: then these are left out), options, cancel.
Napi::Value pack(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    if (!info[0].IsString()) expected("a path", "packImages", info[0]);
    if (!info[3].IsObject()) expected("options", "packImages", info[3]);
    return image_work(
        info.Env(), CancelHandle::from(info[4]),
        [path = info[0].As<Napi::String>().Utf8Value(), training = source_opener(info[1]),
         test = info[2].IsNull() ? nullptr : source_opener(info[2]),
         options = to_pack_options(info[3].As<Napi::Object>())](const Cancellation& cancel,
                                                                Counters& counters) {
          Packed packed{training(), {}, {}};
          if (test && packed.training.has_test) packed.test = test();
          const SampleSource* const test_images = packed.test.source.get();
          counters.total = packed.training.source->size() + (test_images ? test_images->size() : 0);
          packed.report =
              pack_images(path, packed.training.source.get(), test_images, packed.training.classes, options,
                          cancel, [&](int64_t done) { counters.done = done; });
          return packed;
        },
        packed_to_js);
  });
}

}  // namespace

Napi::Array to_js(Napi::Env env, const std::vector<std::string>& values) {
  auto array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) array.Set(i, values[i]);
  return array;
}

Napi::Array to_js(Napi::Env env, const std::vector<ImageProblem>& problems) {
  auto array = Napi::Array::New(env, problems.size());
  for (uint32_t i = 0; i < problems.size(); i++) {
    auto problem = Napi::Object::New(env);
    problem.Set("name", problems[i].name);
    problem.Set("reason", problems[i].reason);
    array.Set(i, problem);
  }
  return array;
}

Napi::Object to_js(Napi::Env env, const ListingNotes& notes) {
  auto ignored = Napi::Object::New(env);
  for (const auto& [extension, count] : notes.ignored) ignored.Set(extension, count);
  auto object = Napi::Object::New(env);
  object.Set("problems", to_js(env, notes.problems));
  object.Set("ignored", ignored);
  return object;
}

void init_images(Napi::Env env, Napi::Object exports) {
  exports.Set("inspectImages", Napi::Function::New(env, inspect, "inspectImages"));
  exports.Set("packImages", Napi::Function::New(env, pack, "packImages"));
}

}  // namespace singlepath
